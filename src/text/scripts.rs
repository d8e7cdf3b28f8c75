//! The scripts in which a model's languages are written: texts in others are not for this model.

use unicode_script::{Script, UnicodeScript};
use unicode_segmentation::UnicodeSegmentation;

/// The scripts of a model's languages.
#[derive(Debug, PartialEq)]
pub(crate) struct Scripts(Vec<Script>);

impl Scripts {
    /// The scripts of the languages with these ISO 639-1 codes; `None` if one is not in the table below, or there are none.
    pub(crate) fn of_languages(codes: &[String]) -> Option<Self> {
        let scripts = codes.iter().map(|code| scripts_of(code)).collect::<Option<Vec<_>>>()?.concat();
        (!scripts.is_empty()).then_some(Self(scripts))
    }

    /// Whether most words of the text are in other scripts. Each Chinese character counts as a word. Digits, symbols and
    /// emoji are of no script.
    pub(crate) fn is_foreign(&self, text: &str) -> bool {
        if text.is_ascii() && self.0.contains(&Script::Latin) {
            return false;
        }
        let (mut own, mut other) = (0, 0);
        for letter in text.unicode_words().filter_map(|word| word.chars().find(|c| c.is_alphabetic())) {
            match letter.script() {
                Script::Common | Script::Inherited | Script::Unknown => {}
                script if self.0.contains(&script) => own += 1,
                _ => other += 1,
            }
        }
        other > own
    }
}

/// The scripts of a language in everyday use.
fn scripts_of(language: &str) -> Option<&'static [Script]> {
    Some(match language {
        "af" | "br" | "ca" | "co" | "cs" | "cy" | "da" | "de" | "en" | "eo" | "es" | "et" | "eu" | "fi" | "fo"
        | "fr" | "fy" | "ga" | "gd" | "gl" | "ha" | "hr" | "ht" | "hu" | "id" | "ig" | "is" | "it" | "jv" | "la"
        | "lb" | "lt" | "lv" | "mg" | "mi" | "ms" | "mt" | "nb" | "nl" | "nn" | "no" | "oc" | "pl" | "pt" | "qu"
        | "rm" | "ro" | "rw" | "sk" | "sl" | "so" | "sq" | "su" | "sv" | "sw" | "tk" | "tl" | "tr" | "vi" | "wo"
        | "xh" | "yo" | "zu" => &[Script::Latin],
        "be" | "bg" | "ky" | "mk" | "ru" | "tg" | "tt" | "uk" => &[Script::Cyrillic],
        "az" | "bs" | "sr" | "uz" => &[Script::Latin, Script::Cyrillic],
        "kk" => &[Script::Cyrillic, Script::Latin, Script::Arabic],
        "mn" => &[Script::Cyrillic, Script::Mongolian],
        "ar" | "fa" | "ps" | "ug" | "ur" => &[Script::Arabic],
        "ku" => &[Script::Latin, Script::Arabic],
        "pa" => &[Script::Gurmukhi, Script::Arabic],
        "sd" => &[Script::Arabic, Script::Devanagari],
        "he" | "yi" => &[Script::Hebrew],
        "hi" | "mr" | "ne" | "sa" => &[Script::Devanagari],
        "as" | "bn" => &[Script::Bengali],
        "gu" => &[Script::Gujarati],
        "kn" => &[Script::Kannada],
        "ml" => &[Script::Malayalam],
        "or" => &[Script::Oriya],
        "si" => &[Script::Sinhala],
        "ta" => &[Script::Tamil],
        "te" => &[Script::Telugu],
        "am" | "ti" => &[Script::Ethiopic],
        "bo" | "dz" => &[Script::Tibetan],
        "el" => &[Script::Greek],
        "hy" => &[Script::Armenian],
        "ka" => &[Script::Georgian],
        "km" => &[Script::Khmer],
        "lo" => &[Script::Lao],
        "my" => &[Script::Myanmar],
        "th" => &[Script::Thai],
        "ja" => &[Script::Han, Script::Hiragana, Script::Katakana],
        "ko" => &[Script::Hangul, Script::Han],
        "zh" => &[Script::Han, Script::Bopomofo],
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scripts(codes: &[&str]) -> Option<Scripts> {
        Scripts::of_languages(&codes.iter().map(|&code| code.to_owned()).collect::<Vec<_>>())
    }

    #[test]
    fn texts_in_other_scripts_are_foreign_to_english() {
        let english = scripts(&["en"]).unwrap();
        for text in [
            "这部电影太好看了，我非常喜欢。",
            "這部電影很好看",
            "我买了iPhone",
            "この映画はとても面白い",
            "หนังเรื่องนี้สนุกมาก",
            "정말 재미있는 책이에요!",
            "यह फ़िल्म बहुत अच्छी है।",
            "الفيلم جميل جدًا",
            "סרט נהדר",
            "Очень плохой фильм",
            "πολύ καλό",
        ] {
            assert!(english.is_foreign(text), "{text:?}");
        }
    }

    #[test]
    fn texts_in_latin_letters_and_without_letters_are_not() {
        let english = scripts(&["en"]).unwrap();
        for text in [
            "I loved it",
            "¡Qué película tan buena!",
            "naïve café 😀",
            "The word 电影 means film",
            "the α and the ω",
            "👍👍",
            "10/10 !!!",
            "𝓪𝔀𝓮𝓼𝓸𝓶𝓮",
            "ｖｅｒｙ　ｇｏｏｄ！",
            "",
        ] {
            assert!(!english.is_foreign(text), "{text:?}");
        }
    }

    #[test]
    fn several_languages_have_the_scripts_of_each() {
        let several = scripts(&["zh", "en", "ar", "hi"]).unwrap();
        for text in ["我买了iPhone", "الفيلم جميل", "यह फ़िल्म", "good"] {
            assert!(!several.is_foreign(text), "{text:?}");
        }
        assert!(several.is_foreign("Очень плохой фильм") && several.is_foreign("この"));
        assert!(scripts(&["ja"]).unwrap().is_foreign("I loved it"));
    }

    #[test]
    fn nothing_is_known_of_languages_that_are_not_in_the_table() {
        assert_eq!(scripts(&["en", "xx"]), None);
        assert_eq!(scripts(&[]), None);
    }
}
