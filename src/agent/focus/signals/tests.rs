use super::*;
use crate::agent::focus::examples::{conversation, plan};

#[test]
fn a_learner_who_says_so_is_stuck_in_any_language() {
    for text in [
        "I don't understand this.",
        "I don\u{2019}t get it",
        "This makes no sense to me",
        "no idea, sorry",
        "Ich verstehe das nicht.",
        "Ich komme nicht weiter",
        "Je ne comprends pas",
        "Je suis perdu !",
        "No entiendo la segunda parte",
    ] {
        assert!(is_stuck(&conversation(&[text])), "{text}");
    }
    for text in [
        "Why is the sky blue?",
        "x = 4",
        "Because short waves are scattered more.",
        "Jetzt verstehe ich es!",
        "J'ai compris, merci",
        "Ya entiendo",
    ] {
        assert!(!is_stuck(&conversation(&[text])), "{text}");
    }
}

#[test]
fn a_learner_who_repeats_themself_or_has_no_words_twice_is_stuck() {
    let asked = "How do I solve this equation?";
    assert!(is_stuck(&conversation(&[asked, "What have you tried?", asked])));
    assert!(is_stuck(&conversation(&[
        "Hi",
        "What is 2x if x is 3?",
        "hm",
        "Try.",
        "??"
    ])));
    for answers in [
        ["hm", "6"],
        ["x = 3", "x = 4"],
        ["ok", "Because it is twice as long."],
        ["got it", "yes, got it"],
    ] {
        let talk = ["How?", "Ask.", answers[0], "And then?", answers[1]];
        assert!(!is_stuck(&conversation(&talk)), "{answers:?}");
    }
}

#[test]
fn a_step_is_done_when_the_tutor_agrees_or_the_learner_says_so() {
    for (learner, reply) in [
        ("The short waves", "Exactly! And what follows for the blue light?"),
        ("6", "That's right. Now the next one."),
        ("Now I understand it.", "Good. Let us go on."),
        ("6", "Richtig! Und warum?"),
        ("6", "Très bien. Et ensuite ?"),
        ("6", "¡Muy bien! ¿Y ahora?"),
    ] {
        assert!(is_step_done(learner, reply), "{learner} {reply}");
    }
    for (learner, reply) in [
        ("The long waves", "Not quite. Which ones are shorter?"),
        ("6", "That's not correct yet, try again."),
        ("5", "Almost! Look at the sign."),
        ("I don't understand", "That's right, it is hard."),
        ("5", "Nicht ganz richtig: schau auf das Vorzeichen."),
        ("What is light?", "What do you know about light?"),
        (
            "6",
            &format!("{} That is correct.", "What do you see? ".repeat(20)),
        ),
    ] {
        assert!(!is_step_done(learner, reply), "{learner} {reply}");
    }
}

#[test]
fn another_topic_is_noticed_and_an_answer_is_not_taken_for_one() {
    let before = ["Why is the sky blue?", "Which colours does sunlight have?"];
    for (text, is_new) in [
        ("When did the French Revolution begin?", true),
        ("Can we do another topic? I need help with fractions.", true),
        ("Please help me conjugate irregular Spanish verbs", true),
        ("Neues Thema: Bruchrechnung", true),
        ("Red, green and blue, I think", false),
        ("Does sunlight have all colours of the rainbow?", false),
        ("Another question about the blue sky: what about dusk?", false),
        ("I have no idea what you mean by that whole thing", false),
        ("Why?", false),
        ("ok", false),
        ("2 + 2", false),
    ] {
        let talk = [before[0], before[1], text];
        assert_eq!(is_new_topic(&plan(), &conversation(&talk)), is_new, "{text}");
    }
}
