use super::*;

/// Deltas as a server sends them: the text of the reply, what is thought in brackets, `!` where all before is void.
fn read(setting: Setting, deltas: &[&str]) -> String {
    let mut thoughts = Thoughts::new(setting, true);
    let mut said = String::new();
    let mut tell = |part: Part| match part {
        Part::Reply(text) => said.push_str(&text),
        Part::Thought(text) => said.push_str(&format!("({text})")),
        Part::Void => said.push('!'),
    };
    for delta in deltas {
        if thoughts.passes(delta) {
            tell(Part::Reply((*delta).to_owned()));
        } else {
            thoughts.split(delta).into_iter().for_each(&mut tell);
        }
    }
    thoughts.finish().into_iter().for_each(&mut tell);
    said.replace(")(", "")
}

/// The same of a text in one piece, in bytes, and in two halves wherever it is cut.
#[track_caller]
fn assert_reads(setting: Setting, text: &str, expected: &str) {
    assert_eq!(read(setting, &[text]), expected, "{text:?}");
    let letters: Vec<String> = text.chars().map(String::from).collect();
    let letters: Vec<&str> = letters.iter().map(String::as_str).collect();
    assert_eq!(read(setting, &letters), expected, "{text:?} by letters");
    for (at, _) in text.char_indices() {
        assert_eq!(
            read(setting, &[&text[..at], &text[at..]]),
            expected,
            "{text:?} cut at {at}"
        );
    }
}

#[test]
fn a_reply_that_begins_with_a_tag_is_thought_until_it_is_closed() {
    for (text, expected) in [
        ("<think>\nhm\n</think>\n\nBlue.", "(hm\n)Blue."),
        (" \n<think>hm</think>Blue.", "(hm)Blue."),
        ("<thinking>hm</thinking> Blue.", "(hm)Blue."),
        ("<reasoning>a < b</reasoning>\nBlue.", "(a < b)Blue."),
        ("<Think>hm</THINK>Blue.", "(hm)Blue."),
        ("<think>a</thinking>b</think>Blue.", "(a</thinking>b)Blue."),
        ("<think>a</think>\n<think>b</think>\nBlue.", "(ab)Blue."),
        ("<think>\n\n</think>\n\nBlue.", "Blue."),
        ("<think>hm", "(hm)"),
        ("<think>hm</thi", "(hm</thi)"),
        ("<think></think>", ""),
        ("<think>```\n</think>\nBlue.", "(```\n)Blue."),
        (
            "<think>h\u{e9}\u{1f600}</think>\u{e9}",
            "(h\u{e9}\u{1f600})\u{e9}",
        ),
    ] {
        assert_reads(Setting::Tagged, text, expected);
    }
}

#[test]
fn a_tag_anywhere_else_is_text() {
    for text in [
        "Blue.",
        " \n Blue.",
        "<thin",
        "<thinker>hm</thinker>",
        "< think>hm</think>",
        "So: <think>hm</think> is a tag.",
        "```\n<think>\nhm\n</think>\n```\nThat is how.",
        "~~~xml\n<think>\n</think>\n~~~",
        "`<think>` opens, `</think>` closes.",
        "`a\n</think>\nb`",
        "``a ` b\n</think>\nb``",
        "So:\n\n    </think>\n",
        "So:\n\n\t</think>\n",
        "Blue. </think>\n",
        "Blue.\n</think> and more",
        "Blue.\n</think>`\n",
        "````\n```\n</think>\n````",
        "```\n</think>\n",
        "It ends with `</think>`.\n</think>\nReally.",
        "It begins with <think>\n</think>\nReally.",
        "Here </thinking> once.\n</think>\nReally.",
        "<b>bold</b>\n<i>\n</i>\n",
        "a <\n</thin\n",
    ] {
        assert_reads(Setting::Tagged, text, text);
    }
}

#[test]
fn a_closing_tag_alone_on_its_line_voids_what_stands_before_it() {
    for (text, expected) in [
        ("hm\n</think>\n\nBlue.", "hm\n!Blue."),
        ("hm\n  </think> \r\nBlue.", "hm\n  !Blue."),
        ("hm\n</thinking>\nBlue.", "hm\n!Blue."),
        ("a\n</think>\nb\n</think>\nc", "a\n!b\n</think>\nc"),
        ("hm\n</think>", "hm\n!"),
        ("hm\n</think>\n", "hm\n!"),
        ("</think>\nBlue.", "Blue."),
        ("\n</think>\n\nBlue.", "Blue."),
        ("</think>", ""),
        ("```\nx\n```\nhm\n</think>\nBlue.", "```\nx\n```\nhm\n!Blue."),
        ("a `b` c\n</think>\nBlue.", "a `b` c\n!Blue."),
        ("a ` b\n\nc\n</think>\nBlue.", "a ` b\n\nc\n!Blue."),
        ("a \\` b\n</think>\nBlue.", "a \\` b\n!Blue."),
        ("``` a ` b\n</think>\nBlue.", "``` a ` b\n</think>\nBlue."),
        ("~~\n</think>\nBlue.", "~~\n!Blue."),
        ("<b>x</b>\n</think>\nBlue.", "<b>x</b>\n!Blue."),
    ] {
        assert_reads(Setting::Tagged, text, expected);
    }
}

#[test]
fn a_template_may_have_opened_the_tag_or_nothing_is_looked_for() {
    for (text, expected) in [
        ("hm\n</think>\n\nBlue.", "(hm\n)Blue."),
        ("hm</think>Blue.", "(hm)Blue."),
        ("<think>hm</reasoning>Blue.", "(hm)Blue."),
        ("hm", "(hm)"),
        ("a</think>b</think>c", "(a)b</think>c"),
    ] {
        assert_reads(Setting::Unopened, text, expected);
    }
    for text in ["<think>hm</think>Blue.", "hm\n</think>\nBlue."] {
        assert_reads(Setting::Shown, text, text);
    }
}

#[test]
fn text_is_not_voided_where_it_must_not_be() {
    let mut thoughts = Thoughts::new(Setting::Tagged, false);
    let text = "hm\n</think>\nBlue.";
    let parts = thoughts.split(text);
    assert_eq!(parts, [Part::Reply(text.to_owned())]);
}
