//! Builds a reply of three parts: what the tutor has heard, something to do, and one question.

use super::message::{Kind, kind, topic};
use super::phrases::Stage;
use crate::model::Role;
use crate::provider::PromptMessage;

/// The whole reply to a conversation: always the same for the same one.
pub(super) fn reply(messages: &[PromptMessage]) -> String {
    let learner: Vec<&str> = messages
        .iter()
        .filter(|message| message.role == Role::User)
        .map(|message| &*message.content)
        .collect();
    let last = learner.last().copied().unwrap_or_default();
    let turn = Turn {
        number: learner.len(),
        stage: Stage::of(learner.len()),
        topic: learner
            .iter()
            .find_map(|message| topic(message))
            .unwrap_or_else(|| "your question".to_owned()),
        words: topic(last),
    };
    let [heard, task, question] = turn.parts(kind(last));
    format!("{heard}\n\n{task}\n\n{question}")
}

/// One message of the learner and its place in the conversation.
struct Turn {
    number: usize,
    stage: Stage,
    /// What the conversation is about.
    topic: String,
    /// What the last message is about.
    words: Option<String>,
}

impl Turn {
    fn parts(&self, kind: Kind) -> [String; 3] {
        match kind {
            Kind::Greeting => self.greeting(),
            Kind::Thanks => self.thanks(),
            Kind::Stuck => self.stuck(),
            Kind::Maths(expression) => self.maths(&expression),
            Kind::Code => self.code(),
            kind => [
                self.heard(&kind),
                self.stage.list().to_owned(),
                self.stage.question(&self.topic),
            ],
        }
    }

    fn heard(&self, kind: &Kind) -> String {
        let about = self.words.as_deref().unwrap_or(&self.topic);
        match kind {
            Kind::Why => format!(
                "You ask for a **reason**, and a reason joins two things: what is the case, and what makes it so. \
                 With **{about}** it helps to name both of them before we join them."
            ),
            Kind::How => format!(
                "You ask for a **way**, from a start to an end. With **{about}** it helps to say where it starts and \
                 where it ends before we look at what lies between."
            ),
            Kind::What => format!(
                "You want to know what is meant by **{about}**. A meaning is useful when it tells you what belongs \
                 to it and also what does not, so we need examples of both."
            ),
            Kind::Fact => format!(
                "You ask for a particular fact about **{about}**. I will not look it up for you, but a fact stays \
                 when it hangs on something that you know already, so let us look for that."
            ),
            Kind::YesOrNo => format!(
                "Your question about **{about}** can be answered with yes or no, but what counts is the *because* \
                 that follows. So let us collect reasons for both sides first."
            ),
            _ => format!(
                "You mention **{about}**, which gives us something to work with. I take it as your idea for now, \
                 neither right nor wrong, and we look together at what follows from it."
            ),
        }
    }

    fn greeting(&self) -> [String; 3] {
        let hello = if self.number > 1 { "Hello again!" } else { "Hello!" };
        [
            format!(
                "{hello} I am the **built-in practice tutor**. I work without a network and know no facts about any \
                 subject: I ask questions that help you to find your own way."
            ),
            "A good message to me says:\n\n\
             - **what** you are working on, with the exact wording of the task\n\
             - **how far** you have come by yourself\n\
             - **where** it stops making sense to you"
                .to_owned(),
            "What would you like to work on now?".to_owned(),
        ]
    }

    fn thanks(&self) -> [String; 3] {
        [
            format!(
                "You are welcome; the work was yours. Before you leave **{}**, take a minute to keep what you have \
                 found, because what you can say in your own words is easier to find again.",
                self.topic
            ),
            "Three things are worth a line each:\n\n\
             - the idea itself, in **one sentence** and without looking back\n\
             - **one example** that nobody gave you\n\
             - **one thing** that is still open"
                .to_owned(),
            "Which of the three would you like to begin with?".to_owned(),
        ]
    }

    fn stuck(&self) -> [String; 3] {
        let question = match self.stage {
            Stage::Restate => "What is the last point at which it still made sense to you?",
            Stage::Probe => "Which single word or symbol would you like to have explained first?",
            Stage::SmallStep => {
                "What would the task look like with the smallest numbers or the fewest parts?"
            }
            Stage::Check => "Which part is clear to you now that was not clear before?",
        };
        [
            format!(
                "Good that you say so: now we know where to work. Let us make the step smaller and leave most of \
                 **{}** aside for a moment.",
                self.topic
            ),
            "Take a sheet of paper:\n\n\
             1. Write down **one part** that you are sure of, however small it is.\n\
             2. Underline the first word or symbol that you could not explain to a friend.\n\
             3. Look only at the gap between the two; the rest can wait."
                .to_owned(),
            question.to_owned(),
        ]
    }

    fn maths(&self, expression: &str) -> [String; 3] {
        let question = match self.stage {
            Stage::Restate => "What is the first step that you would take?",
            Stage::Probe => "Which rule tells you that this step comes next?",
            Stage::SmallStep => "What does the line look like after just one step?",
            Stage::Check => "How could you check the result without doing the same steps again?",
        };
        [
            format!(
                "Let us look at `{expression}` together. I will not give you the result, because the way to it is \
                 what you can use again in the next task."
            ),
            "Before you calculate anything:\n\n\
             - Name the **operations** that you see.\n\
             - Decide which of them comes **first**, and say which rule tells you so.\n\
             - Do only that one step, and copy everything else as it stands."
                .to_owned(),
            question.to_owned(),
        ]
    }

    fn code(&self) -> [String; 3] {
        let question = match self.stage {
            Stage::Restate => "What did you expect to happen, and what happens instead?",
            Stage::Probe => "Which is the first line whose effect surprises you?",
            Stage::SmallStep => "What is the smallest input with which it still goes wrong?",
            Stage::Check => "Which test would fail if the same mistake came back?",
        };
        [
            "Let us read the code slowly, the way a machine would: one line after the other and without any good \
             will. Most surprises sit where we read what we meant and not what is written."
                .to_owned(),
            "Try this first:\n\n\
             - Say in **one sentence** what it is meant to do.\n\
             - Follow one value, `x` say, and write it down after **every line**.\n\
             - Do the same with the smallest input that you can think of, an empty one perhaps."
                .to_owned(),
            question.to_owned(),
        ]
    }
}
