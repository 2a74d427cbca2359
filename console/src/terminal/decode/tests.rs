//! What each kind of terminal sends, whole and cut in pieces.

use proptest::prelude::*;

use super::*;

fn decoded(bytes: &[u8]) -> Vec<Input> {
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    decoder.feed(bytes, &mut out);
    out
}

/// The names of the keys; other input as it is.
fn names(bytes: &[u8]) -> Vec<String> {
    let name = |input: Input| match input {
        Input::Key(press) => press.key.to_string(),
        other => format!("{other:?}"),
    };
    decoded(bytes).into_iter().map(name).collect()
}

#[test]
fn keys_have_their_names() {
    for (bytes, name) in [
        (&b"r"[..], "r"),
        (b"R", "R"),
        (b" ", "space"),
        (b"\r", "enter"),
        (b"\t", "tab"),
        (b"\x7f", "backspace"),
        (b"\x08", "backspace"),
        (b"\x03", "ctrl-c"),
        (b"\x1a", "ctrl-z"),
        (b"\x1c", "ctrl-\\"),
        (b"\x00", "ctrl-space"),
        (b"\x1bx", "alt-x"),
        (b"\x1b[A", "up"),
        (b"\x1bOB", "down"),
        (b"\x1b[1;5C", "ctrl-right"),
        (b"\x1b[H", "home"),
        (b"\x1b[4~", "end"),
        (b"\x1b[5~", "pageup"),
        (b"\x1b[3;3~", "alt-delete"),
        (b"\x1b[Z", "backtab"),
        (b"\x1bOP", "f1"),
        (b"\x1b[[B", "f2"),
        (b"\x1b[13~", "f3"),
        (b"\x1b[17~", "f6"),
        (b"\x1b[21~", "f10"),
        (b"\x1b[24~", "f12"),
        (b"\x1b[27u", "esc"),
        (b"\x1b[99;5u", "ctrl-c"),
        ("é".as_bytes(), "é"),
        ("語".as_bytes(), "語"),
        ("😀".as_bytes(), "😀"),
    ] {
        assert_eq!(names(bytes), [name], "{bytes:?}");
    }
}

#[test]
fn answers_to_questions_that_nobody_asked_are_no_text() {
    for answer in [
        &b"\x1b[?62;22c"[..],
        b"\x1b[>41;380;0c",
        b"\x1b[24;80R",
        b"\x1b[?2026;2$y",
        b"\x1b]11;rgb:1e1e/1e1e/2e2e\x07",
        b"\x1b]11;rgb:1e1e/1e1e/2e2e\x1b\\",
        b"\x1bP>|XTerm(380)\x1b\\",
        b"\x1b[I",
        b"\x1b[O",
        b"\x1b[97;1:3u",
        b"\xff\xfe",
    ] {
        assert_eq!(names(answer), Vec::<String>::new(), "{answer:?}");
        assert_eq!(names(&[answer, b"q"].concat()), ["q"], "what follows is read: {answer:?}");
    }
    let endless = [b"\x1b[".as_slice(), &[b'1'; 10_000], b"~q"].concat();
    assert_eq!(names(&endless), ["q"]);
}

#[test]
fn an_escape_without_a_rest_is_the_key() {
    for (bytes, name) in
        [(&b"\x1b"[..], "esc"), (b"\x1b[", "alt-["), (b"\x1bO", "alt-O"), (b"\x1bP", "alt-P")]
    {
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        decoder.feed(bytes, &mut out);
        assert_eq!((out.len(), decoder.patience()), (0, Some(REST_WITHIN)), "{bytes:?}");
        decoder.give_up(&mut out);
        assert_eq!(decoder.patience(), None);
        assert!(matches!(out.as_slice(), [Input::Key(press)] if press.key.to_string() == name), "{out:?}");
    }
    assert_eq!(names(b"\x1b\x1b[A"), ["esc", "up"]);
}

#[test]
fn pasted_text_is_text_whatever_is_in_it() {
    let pasted = |text: &str| vec![Input::Paste(text.to_owned())];
    assert_eq!(decoded(b"\x1b[200~qQ\x1b[A\x1b[201~"), pasted("qQ\x1b[A"));
    assert_eq!(decoded(b"\x1b[200~\x1b\x1b[201~"), pasted("\x1b"));
    let long = [b"\x1b[200~".as_slice(), &vec![b'x'; MAX_PASTE * 2], b"\x1b[201~q"].concat();
    let all = decoded(&long);
    assert!(matches!(all.as_slice(), [Input::Paste(text), Input::Key(_)] if text.len() == MAX_PASTE));
    // Its end is lost: what came is pasted, and the next key is a key.
    let (mut decoder, mut out) = (Decoder::default(), Vec::new());
    decoder.feed(b"\x1b[200~lost", &mut out);
    assert_eq!(decoder.patience(), Some(PASTE_WITHIN));
    decoder.give_up(&mut out);
    assert_eq!(out, pasted("lost"));
}

#[test]
fn the_mouse_says_where_it_was_pressed() {
    assert_eq!(decoded(b"\x1b[<0;3;7M\x1b[<0;3;7m"), [Input::Click { column: 2, row: 6 }]);
    assert_eq!(
        decoded(b"\x1b[<64;1;1M\x1b[<65;1;1M"),
        [Input::Wheel { down: false }, Input::Wheel { down: true }]
    );
    assert_eq!(decoded(b"\x1b[<35;3;7M\x1b[<0;0;0M\x1b[<2;1;1M"), []);
}

proptest! {
    #[test]
    fn where_it_is_cut_makes_no_difference(bytes in prop::collection::vec(any::<u8>(), 0..200), cut in 0usize..200) {
        let whole = decoded(&bytes);
        let (first, rest) = bytes.split_at(cut.min(bytes.len()));
        let (mut decoder, mut out) = (Decoder::default(), Vec::new());
        decoder.feed(first, &mut out);
        decoder.feed(rest, &mut out);
        prop_assert_eq!(whole, out);
    }
}
