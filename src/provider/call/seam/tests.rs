use super::*;

/// The whole text that a learner sees, and whether the reply began anew on the way.
fn told(kept: &str, is_trimmed: bool, deltas: &[&str]) -> (String, bool) {
    let mut seam = Seam::after(kept, is_trimmed);
    let (mut seen, mut began_anew) = (kept.to_owned(), false);
    for delta in deltas {
        let new = seam.join(Cow::Borrowed(delta)).into_owned();
        if seam.begins_anew() {
            began_anew = true;
            seen.clear();
        }
        seen.push_str(&new);
    }
    seen.push_str(&seam.finish());
    (seen, began_anew)
}

fn seen(kept: &str, is_trimmed: bool, deltas: &[&str]) -> String {
    let (seen, began_anew) = told(kept, is_trimmed, deltas);
    assert!(!began_anew, "{kept:?} {deltas:?}");
    seen
}

/// Every way to cut a text into at most three pieces.
fn splits(text: &str) -> impl Iterator<Item = [&str; 3]> {
    let ends = || text.char_indices().map(|(place, _)| place).chain([text.len()]);
    ends().flat_map(move |first| {
        let seconds = ends().filter(move |second| *second >= first);
        seconds.map(move |second| [&text[..first], &text[first..second], &text[second..]])
    })
}

#[test]
fn a_model_that_goes_on_is_taken_at_its_word() {
    for is_trimmed in [false, true] {
        assert_eq!(seen("The rainb", is_trimmed, &["ow", " is"]), "The rainbow is");
        assert_eq!(seen("The ", false, &["The ", "end"]), "The end");
        assert_eq!(seen("", is_trimmed, &["", " a", " b"]), " a b");
        assert_eq!(
            seen("The rainbow", is_trimmed, &[" is ", "blue"]),
            "The rainbow is blue"
        );
    }
    assert_eq!(seen("a \n", false, &["\nb"]), "a \n\nb");
}

#[test]
fn a_server_that_begins_again_is_heard_only_from_where_it_broke_off() {
    for is_trimmed in [false, true] {
        assert_eq!(
            seen("The rainb", is_trimmed, &["The rainbow", " is"]),
            "The rainbow is"
        );
        assert_eq!(
            seen("The rainb", is_trimmed, &["", "The rainb", "ow"]),
            "The rainbow"
        );
        assert_eq!(seen("one two", is_trimmed, &["one", " two"]), "one two");
        assert_eq!(seen("a\n\n", is_trimmed, &["a\n\nb", "a"]), "a\n\nba");
        assert_eq!(seen("a\n\n", is_trimmed, &["a\n", "\nb"]), "a\n\nb");
    }
}

#[test]
fn white_space_that_the_model_was_not_shown_is_not_shown_twice() {
    assert_eq!(seen("Because \n", true, &[" ", "\nand"]), "Because \nand");
    assert_eq!(seen("Because \n", true, &["and"]), "Because \nand");
    assert_eq!(seen("Because ", true, &["\nand"]), "Because \nand");
}

const KEPT: &str = "A fraction such as 3/4 tells us two «things» 漢字 at once: ";
const WHOLE: &str = "A fraction such as 3/4 tells us two «things» 漢字 at once: how many parts there are.";

#[test]
fn a_model_that_begins_anew_doubles_nothing_in_any_split() {
    for lead in ["", "\n\n", " "] {
        let text = format!("{lead}{WHOLE}");
        for pieces in splits(&text) {
            assert_eq!(seen(KEPT, false, &pieces), WHOLE, "{pieces:?}");
            assert_eq!(seen(KEPT, true, &pieces), WHOLE, "{pieces:?}");
        }
    }
}

#[test]
fn a_model_that_goes_another_way_after_many_same_words_begins_the_reply_anew() {
    let other = "A fraction such as 3/4 tells us: three parts of four.";
    for pieces in splits(other) {
        assert_eq!(told(KEPT, false, &pieces), (other.to_owned(), true), "{pieces:?}");
        assert_eq!(told(KEPT, true, &pieces), (other.to_owned(), true), "{pieces:?}");
    }
}

#[test]
fn a_few_same_characters_are_a_continuation_and_none_is_lost() {
    // 23 characters, and 24.
    let (few, many) = ("A fraction such as 3/4 !", "A fraction such as 3/4 t!");
    assert_eq!(few.chars().count() - 1, NO_CHANCE - 1);
    for pieces in splits(few) {
        assert_eq!(seen(KEPT, false, &pieces), format!("{KEPT}{few}"), "{pieces:?}");
    }
    for pieces in splits(many) {
        assert_eq!(told(KEPT, false, &pieces), (many.to_owned(), true), "{pieces:?}");
    }
    for pieces in splits(" and A fraction") {
        assert_eq!(seen("Because", false, &pieces), "Because and A fraction");
    }
}

#[test]
fn a_reply_that_ends_while_it_is_held_back_loses_nothing_and_doubles_nothing() {
    assert_eq!(
        seen(KEPT, false, &["A frac", "tion"]),
        format!("{KEPT}A fraction")
    );
    assert_eq!(seen(KEPT, false, &["A fraction such as 3/4 tells us"]), KEPT);
    assert_eq!(seen(KEPT, false, &[KEPT]), KEPT);
    assert_eq!(seen(KEPT, false, &[]), KEPT);
}

#[tokio::test(start_paused = true)]
async fn nothing_is_held_back_for_long() {
    let mut seam = Seam::after(KEPT, false);
    assert_eq!(seam.join("A frac".into()), "");
    tokio::time::advance(PATIENCE).await;
    assert_eq!(seam.join("tion".into()), "A fraction");
    assert!(!seam.begins_anew(), "that may be chance");
    assert_eq!(seam.join(" such".into()), " such");

    let mut seam = Seam::after(KEPT, false);
    assert_eq!(seam.join("A fraction such as 3/4 ".into()), "");
    tokio::time::advance(PATIENCE).await;
    assert_eq!(seam.join("tells".into()), "A fraction such as 3/4 tells");
    assert!(seam.begins_anew());
}

#[test]
fn all_of_a_long_text_may_come_again() {
    let kept = "It is 漢字. ".repeat(2_000);
    let again = format!("{kept}And so on.");
    let pieces: Vec<_> = again.split_inclusive(' ').collect();
    assert_eq!(seen(&kept, false, &pieces), again);
}
