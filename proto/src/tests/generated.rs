//! The generated file is what the schema says. `ROTA_REGENERATE=1 cargo test -p rota-proto generated` writes it.

use std::{fs, path::Path};

#[test]
#[expect(clippy::disallowed_methods, reason = "whether to write the file is for who runs the test to say")]
fn generated_file_is_current() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let schema = protox::compile([root.join("schema/rota.proto")], [root.join("schema")]).unwrap();
    let out = tempfile::tempdir().unwrap();
    prost_build::Config::new().out_dir(out.path()).format(true).compile_fds(schema).unwrap();
    let fresh = fs::read_to_string(out.path().join("rota.v1.rs")).unwrap();
    let checked_in = root.join("src/generated/rota.v1.rs");
    if std::env::var_os("ROTA_REGENERATE").is_some() {
        fs::write(&checked_in, &fresh).unwrap();
    }
    let stands = fs::read_to_string(&checked_in).unwrap();
    assert_eq!(stands, fresh, "run ROTA_REGENERATE=1 cargo test -p rota-proto generated");
}
