//! Secrets on a real disk: Y1 and Y2 of the signer.

use std::os::unix::fs::symlink;

use eyre::Result;

use super::*;

fn chmod(path: &Path, mode: u32) -> Result<()> {
    Ok(fs::set_permissions(path, fs::Permissions::from_mode(mode))?)
}

/// A folder that nobody else may enter.
pub(crate) fn folder() -> std::io::Result<tempfile::TempDir> {
    tempfile::Builder::new().permissions(fs::Permissions::from_mode(0o700)).tempdir()
}

/// A secret in a folder, both made here.
fn secret() -> Result<(tempfile::TempDir, PathBuf)> {
    let root = tempfile::tempdir()?;
    let path = root.path().join("keys/secret");
    create(&path, b"seed")?;
    Ok((root, path))
}

/// Y1: whatever the umask says; a folder above that had to be made is as closed.
#[test]
fn what_is_written_is_its_owners_alone_and_so_are_the_folders_that_had_to_be_made() -> Result<()> {
    let root = tempfile::tempdir()?;
    let path = root.path().join("above/keys/secret");
    create(&path, b"seed")?;
    let mode = |path: &Path| fs::metadata(path).map(|metadata| mode_of(&metadata));
    assert_eq!(mode(&path)?, 0o600);
    assert_eq!([mode(&root.path().join("above"))?, mode(&root.path().join("above/keys"))?], [0o700, 0o700]);
    assert_eq!(*read(&path)?, b"seed");
    Ok(())
}

/// Y1: a single bit for others is too much.
#[test]
fn secret_that_others_may_read_or_change_is_refused_and_the_refusal_says_chmod() -> Result<()> {
    let (_root, path) = secret()?;
    for bit in 0..6 {
        let mode = 0o600 | 1 << bit;
        chmod(&path, mode)?;
        let refused = read(&path).unwrap_err();
        assert!(matches!(refused, SecretError::FileMode { mode: found, .. } if found == mode), "{refused}");
        assert!(refused.to_string().ends_with(&format!("chmod 600 {}", path.display())), "{refused}");
    }
    chmod(&path, 0o400)?;
    assert_eq!(*read(&path)?, b"seed", "what its owner may not change is as secret");
    Ok(())
}

/// Y1: who may write to the folder may exchange the key.
#[test]
fn folder_that_others_may_enter_is_refused_for_reading_and_for_writing() -> Result<()> {
    let (root, path) = secret()?;
    let folder = root.path().join("keys");
    for bit in 0..6 {
        let mode = 0o700 | 1 << bit;
        chmod(&folder, mode)?;
        for refused in [read(&path).map(drop), create(&folder.join("another"), b"seed")] {
            let refused = refused.unwrap_err();
            assert!(matches!(refused, SecretError::FolderMode { mode: found, .. } if found == mode), "{refused}");
            assert!(refused.to_string().contains(&format!("chmod 700 {}", folder.display())), "{refused}");
        }
        assert!(!folder.join("another").exists());
    }
    Ok(())
}

/// Y1: the file that the link leads to is the one that counts.
#[test]
fn link_to_a_secret_is_as_secret_as_the_file_behind_it() -> Result<()> {
    let (root, path) = secret()?;
    let link = root.path().join("keys/link");
    symlink(&path, &link)?;
    assert_eq!(*read(&link)?, b"seed");
    chmod(&path, 0o644)?;
    assert!(matches!(read(&link), Err(SecretError::FileMode { mode: 0o644, .. })));
    Ok(())
}

#[test]
fn y2_what_stands_there_stays() -> Result<()> {
    let (root, path) = secret()?;
    let refused = create(&path, b"another").unwrap_err();
    assert!(matches!(refused, SecretError::Exists { .. }), "{refused}");
    symlink(root.path().join("keys/nowhere"), root.path().join("keys/link"))?;
    let through_a_link = create(&root.path().join("keys/link"), b"another").unwrap_err();
    assert!(matches!(through_a_link, SecretError::Exists { .. }), "{through_a_link}");
    assert_eq!(*read(&path)?, b"seed");
    Ok(())
}

#[test]
fn what_is_absent_too_long_or_no_text_is_refused_by_name() -> Result<()> {
    let (root, path) = secret()?;
    let absent = read(&root.path().join("keys/absent")).unwrap_err();
    assert!(matches!(absent, SecretError::Io { .. }), "{absent}");
    let longest = root.path().join("keys/longest");
    create(&longest, &vec![b'a'; usize::try_from(SECRET_BYTES_MAX)?])?;
    assert_eq!(read(&longest)?.len() as u64, SECRET_BYTES_MAX);
    let longer = root.path().join("keys/longer");
    create(&longer, &vec![b'a'; usize::try_from(SECRET_BYTES_MAX)? + 1])?;
    assert!(matches!(read(&longer), Err(SecretError::TooLong { .. })));
    let binary = root.path().join("keys/binary");
    create(&binary, &[0xff])?;
    assert!(matches!(read_line(&binary), Err(SecretError::NotText { .. })));
    assert_eq!(*read_line(&path)?, "seed");
    Ok(())
}

#[test]
fn line_loses_its_end_and_nothing_else() -> Result<()> {
    let root = folder()?;
    for (name, text, line) in
        [("unix", " pass \n", " pass "), ("windows", "pass\r\n", "pass"), ("none", "pass", "pass")]
    {
        let path = root.path().join(name);
        create(&path, text.as_bytes())?;
        assert_eq!(*read_line(&path)?, line);
    }
    Ok(())
}
