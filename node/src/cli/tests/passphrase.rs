//! Y4 of the signer: where passphrases come from.

use eyre::Result;

use super::*;

/// Answers to questions, in order; what is asked is noted.
struct Terminal {
    answers: Vec<&'static str>,
    asked: Vec<String>,
}

impl Terminal {
    fn with(answers: &[&'static str]) -> Self {
        Self { answers: answers.to_vec(), asked: Vec::new() }
    }

    fn answer(&mut self, text: &str) -> io::Result<String> {
        self.asked.push(text.to_owned());
        if self.answers.is_empty() {
            Err(io::Error::other("no terminal"))
        } else {
            Ok(self.answers.remove(0).to_owned())
        }
    }
}

fn path() -> &'static Path {
    Path::new("consensus.json")
}

#[test]
fn y4_new_passphrase_is_typed_twice() -> Result<()> {
    let mut terminal = Terminal::with(&["right", "right"]);
    assert_eq!(*new_by(None, path(), &mut |text| terminal.answer(text))?, "right");
    assert_eq!(terminal.asked, ["New passphrase for consensus.json: ", "The same again: "]);
    let mut terminal = Terminal::with(&["right", "wrong"]);
    assert!(matches!(new_by(None, path(), &mut |text| terminal.answer(text)), Err(PassphraseError::Differ)));
    Ok(())
}

#[test]
fn y4_known_passphrase_is_typed_once() -> Result<()> {
    let mut terminal = Terminal::with(&["right"]);
    assert_eq!(*known_by(None, path(), &mut |text| terminal.answer(text))?, "right");
    assert_eq!(terminal.asked, ["Passphrase of consensus.json: "]);
    Ok(())
}

#[test]
fn y4_new_passphrase_that_is_empty_is_refused_typed_or_read() -> Result<()> {
    let mut terminal = Terminal::with(&["", ""]);
    assert!(matches!(new_by(None, path(), &mut |text| terminal.answer(text)), Err(PassphraseError::Empty)));
    let folder = crate::secret::tests::folder()?;
    let file = folder.path().join("passphrase");
    secret::create(&file, b"\n")?;
    assert!(matches!(new(Some(&file), path()), Err(PassphraseError::Empty)));
    Ok(())
}

#[test]
fn nobody_is_asked_where_a_file_is_named_and_without_a_terminal_one_is_wanted() -> Result<()> {
    let folder = crate::secret::tests::folder()?;
    let file = folder.path().join("passphrase");
    secret::create(&file, b"right\n")?;
    let mut terminal = Terminal::with(&[]);
    assert_eq!(*known_by(Some(&file), path(), &mut |text| terminal.answer(text))?, "right");
    assert_eq!(*new_by(Some(&file), path(), &mut |text| terminal.answer(text))?, "right");
    assert!(terminal.asked.is_empty());
    let refused = known_by(None, path(), &mut |text| terminal.answer(text)).unwrap_err();
    assert_eq!(
        refused.to_string(),
        "no terminal to ask for the passphrase at (no terminal): name a file that holds it"
    );
    let absent = folder.path().join("absent");
    assert!(matches!(known(Some(&absent), path()), Err(PassphraseError::File(_))));
    Ok(())
}
