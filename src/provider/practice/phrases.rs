//! The words of the practice tutor, and the words that it recognises.

/// Goes on from a reply that it has not begun itself.
pub(super) const CLOSING: &str = "\n\nLet us go on from here with one small step: what would you try next?";

pub(super) const GREETINGS: &[&str] = &[
    "hi",
    "hello",
    "hey",
    "hiya",
    "good",
    "morning",
    "afternoon",
    "evening",
    "there",
    "tutor",
    "greetings",
];

pub(super) const THANKS: &[&str] = &["thanks", "thank", "thx", "cheers"];

/// Lower case, anywhere in the message.
pub(super) const STUCK_SIGNS: &[&str] = &[
    "don't understand",
    "dont understand",
    "do not understand",
    "don't get",
    "dont get",
    "do not get",
    "don't know",
    "dont know",
    "do not know",
    "no idea",
    "not sure how",
    "i'm stuck",
    "i am stuck",
    "im stuck",
    "confused",
    "confusing",
    "i'm lost",
    "i am lost",
    "can't follow",
    "cannot follow",
    "makes no sense",
    "too hard",
    "too difficult",
    "i give up",
];

/// Lower case, anywhere in the message.
pub(super) const CODE_SIGNS: &[&str] = &[
    "`",
    "();",
    "){",
    ") {",
    "def ",
    "fn ",
    "import ",
    "my code",
    "this code",
    "source code",
    "javascript",
    "typescript",
    "compiler",
    "stack trace",
    "syntax error",
    "for loop",
    "while loop",
];

/// Words that carry no topic.
const STOP_WORDS: &str = "\
    a about actually after again all also always am an and another any are aren't as ask at be because been \
    before being between both but by calculate can can't cannot confused confusing could define describe did \
    didn't difficult do does doesn't doing don't dont each either else even ever every explain find first \
    for from get gets getting give go goes got guess had happen happens hard has have having he help her \
    here him his how i i'd i'll i'm i've idea if im in into is isn't it it's its just know learn learning \
    let let's like ll lost lot made make makes many may maybe me mean means might mine more most much must \
    my need needs never no not now of off often ok okay on once one only or other our out over please put \
    question quite really right same say says see she should show so solve some something still stuck such \
    sure take tell than thank thanks that that's the their them then there these they they're thing things \
    think this those through to today too try trying two under understand until up us use used using very \
    want was wasn't way we well were what what's when where which while who whose why will with without work \
    works would wrong yes you you're your yours";

/// Whether a word, in lower case, carries no topic.
pub(super) fn is_stop_word(word: &str) -> bool {
    STOP_WORDS.split(' ').any(|known| known == word)
}

/// Where a conversation stands: it moves on with every message of the learner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stage {
    /// Say it in own words.
    Restate,
    /// Test the idea.
    Probe,
    /// Do one thing.
    SmallStep,
    /// See what holds.
    Check,
}

impl Stage {
    /// The stage of the learner's `turn`th message, from 1.
    pub(super) fn of(turn: usize) -> Self {
        match turn.saturating_sub(1) % 4 {
            0 => Self::Restate,
            1 => Self::Probe,
            2 => Self::SmallStep,
            _ => Self::Check,
        }
    }

    /// What to do, as a Markdown list with its lead.
    pub(super) fn list(self) -> &'static str {
        match self {
            Self::Restate => {
                "Let us begin with what you bring along:\n\n\
                - Put it into your **own words**, as short as you can.\n\
                - Write down one thing that you **know** about it.\n\
                - Write down one thing that you only **suspect**."
            }
            Self::Probe => {
                "Now let us put your idea to the test:\n\n\
                - Look for **one example** that fits it well.\n\
                - Look for **one case** that might not fit, and do not spare your idea.\n\
                - Say what the two have in common and where they differ."
            }
            Self::SmallStep => {
                "Let us take one small step instead of a large one:\n\n\
                1. Choose the **simplest case** that you can think of.\n\
                2. Work through it slowly and write down every step.\n\
                3. Mark the first step for which you cannot give a reason."
            }
            Self::Check => {
                "Let us see what holds by now:\n\n\
                - Explain it aloud, as if to somebody **two years younger**.\n\
                - Notice where you hesitate: that is the place to look at again.\n\
                - Keep one sentence that you would still sign tomorrow."
            }
        }
    }

    /// The question at the end.
    pub(super) fn question(self, topic: &str) -> String {
        match self {
            Self::Restate => format!("What do you already know about {topic}, even if it is only a guess?"),
            Self::Probe => format!("Which example would show you that your idea about {topic} is wrong?"),
            Self::SmallStep => {
                format!("What is the simplest case of {topic} that you could work through completely?")
            }
            Self::Check => {
                format!(
                    "How would you explain {topic} in two sentences to somebody who has never heard of it?"
                )
            }
        }
    }
}
