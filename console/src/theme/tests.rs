//! Whether everybody can read it: contrast as WCAG 2 computes it, and colours as people
//! see them who lack one kind of cone (Machado, Oliveira and Fernandes, 2009).

use super::*;

const TONES: [Tone; 10] = [
    Tone::Plain,
    Tone::Dim,
    Tone::Good,
    Tone::Warn,
    Tone::Bad,
    Tone::Busy,
    Tone::Title,
    Tone::Key,
    Tone::Chosen,
    Tone::Line,
];

/// The background that a theme is for.
fn background(theme: Theme) -> [f64; 3] {
    match theme {
        Theme::Dark | Theme::ColourBlind | Theme::Mono => linear((0x1e, 0x1e, 0x1e)),
        Theme::Light => linear((0xff, 0xff, 0xff)),
        Theme::HighContrast => linear((0, 0, 0)),
    }
}

fn linear(colour: (u8, u8, u8)) -> [f64; 3] {
    [colour.0, colour.1, colour.2].map(|part| {
        let part = f64::from(part) / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    })
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let luminance = |[red, green, blue]: [f64; 3]| 0.2126 * red + 0.7152 * green + 0.0722 * blue;
    let (one, other) = (luminance(one) + 0.05, luminance(other) + 0.05);
    one.max(other) / one.min(other)
}

fn exactly(theme: Theme, tone: Tone) -> Option<[f64; 3]> {
    let look = Look { theme, depth: Depth::True, symbols: Symbols::Unicode };
    match look.style(tone).fg {
        Some(Color::Rgb(red, green, blue)) => Some(linear((red, green, blue))),
        None => None,
        Some(other) => panic!("{other} is not exact"),
    }
}

#[test]
fn text_stands_out_from_the_background_that_its_theme_is_for() {
    for theme in Theme::ALL {
        for tone in TONES {
            let Some(colour) = exactly(theme, tone) else { continue };
            // Lines need less than text, and nobody has to read them.
            let least = match (theme, tone) {
                (Theme::HighContrast, _) => 7.0,
                (_, Tone::Line) => 3.0,
                _ => 4.5,
            };
            let found = contrast(colour, background(theme));
            assert!(found >= least, "{} {tone:?}: {found:.2}", theme.as_str());
        }
    }
}

const PROTANOPIA: [[f64; 3]; 3] = [
    [0.152_286, 1.052_583, -0.204_868],
    [0.114_503, 0.786_281, 0.099_216],
    [-0.003_882, -0.048_116, 1.051_998],
];
const DEUTERANOPIA: [[f64; 3]; 3] = [
    [0.367_322, 0.860_646, -0.227_968],
    [0.280_085, 0.672_501, 0.047_413],
    [-0.011_820, 0.042_940, 0.968_881],
];

fn seen(with: [[f64; 3]; 3], colour: [f64; 3]) -> [f64; 3] {
    with.map(|row| {
        let sum: f64 = row.iter().zip(colour).map(|(weight, part)| weight * part).sum();
        sum.clamp(0.0, 1.0)
    })
}

/// How far apart two colours look: Lab, CIE 1976. From 10 on nobody confuses them.
fn apart(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (lab(one), lab(other));
    one.iter().zip(other).map(|(one, other)| (one - other).powi(2)).sum::<f64>().sqrt()
}

fn lab([red, green, blue]: [f64; 3]) -> [f64; 3] {
    let x = 0.412_456_4 * red + 0.357_576_1 * green + 0.180_437_5 * blue;
    let y = 0.212_672_9 * red + 0.715_152_2 * green + 0.072_175_0 * blue;
    let z = 0.019_333_9 * red + 0.119_192_0 * green + 0.950_304_1 * blue;
    let bent = |part: f64| if part > 0.008_856 { part.cbrt() } else { 7.787 * part + 16.0 / 116.0 };
    let (x, y, z) = (bent(x / 0.950_47), bent(y), bent(z / 1.088_83));
    [116.0 * y - 16.0, 500.0 * (x - y), 200.0 * (y - z)]
}

#[test]
fn good_warn_and_bad_are_told_apart_with_any_colour_vision() {
    let state = [Tone::Good, Tone::Warn, Tone::Bad];
    for with in [PROTANOPIA, DEUTERANOPIA] {
        let of = |tone| seen(with, exactly(Theme::ColourBlind, tone).unwrap());
        for (one, other) in [(0, 1), (0, 2), (1, 2)] {
            let found = apart(of(state[one]), of(state[other]));
            assert!(found >= 40.0, "{:?} and {:?}: {found:.1}", state[one], state[other]);
        }
    }
    // The check would find green and red, which the dark theme has.
    let of = |tone| seen(DEUTERANOPIA, exactly(Theme::Dark, tone).unwrap());
    assert!(apart(of(Tone::Good), of(Tone::Bad)) < 10.0);
}

#[test]
fn good_warn_bad_and_plain_differ_in_every_theme_and_depth_that_has_colours() {
    for theme in Theme::ALL.into_iter().filter(|theme| *theme != Theme::Mono) {
        for depth in [Depth::Ansi16, Depth::Ansi256, Depth::True] {
            let look = Look { theme, depth, symbols: Symbols::Unicode };
            let styles = [Tone::Plain, Tone::Good, Tone::Warn, Tone::Bad].map(|tone| look.style(tone));
            for (number, style) in styles.iter().enumerate() {
                assert!(!styles[..number].contains(style), "{} {depth:?}", theme.as_str());
            }
        }
    }
}

#[test]
fn without_colours_there_are_none() {
    let looks = [
        Theme::ALL.map(|theme| Look { theme, depth: Depth::None, symbols: Symbols::Unicode }).to_vec(),
        [Depth::Ansi16, Depth::Ansi256, Depth::True]
            .map(|depth| Look { theme: Theme::Mono, depth, symbols: Symbols::Unicode })
            .to_vec(),
    ];
    for look in looks.concat() {
        for tone in TONES {
            assert_eq!((look.style(tone).fg, look.style(tone).bg), (None, None), "{look:?} {tone:?}");
        }
        assert_eq!(look.base(), Style::new());
        assert_ne!(look.style(Tone::Bad), look.style(Tone::Warn), "bad is told from warn by its shape");
    }
}

#[test]
fn each_depth_uses_only_what_the_terminal_has() {
    for theme in Theme::ALL {
        for tone in TONES {
            let of = |depth| Look { theme, depth, symbols: Symbols::Unicode }.style(tone).fg;
            assert!(!matches!(of(Depth::Ansi16), Some(Color::Indexed(_) | Color::Rgb(..))));
            assert!(matches!(of(Depth::Ansi256), None | Some(Color::Indexed(16..))), "{theme:?} {tone:?}");
        }
    }
}
