//! Puts the console's files together as a browser is sent them, and makes them small: once, here, and at no start of
//! the program.

#[path = "src/console/bundle.rs"]
mod bundle;
#[path = "src/console/files.rs"]
mod files;
#[path = "src/console/texts.rs"]
mod texts;

use std::{
    env,
    error::Error,
    fs,
    io::Write,
    path::{Path, PathBuf},
};

use brotli::enc::BrotliEncoderParams;
use flate2::{Compression, write::GzEncoder};

use self::files::{CSS, FILES, SCRIPT, TABLE};

/// The page, whose script puts all else into it.
const PAGE: &str = "index.html";

/// How hard to try: most for what goes to production, which is built seldom.
const IN_RELEASE: i32 = 11;
const OTHERWISE: i32 = 9;

fn main() -> Result<(), Box<dyn Error>> {
    // The files are a part of this program, and so it is built and run anew when one of them changes.
    println!("cargo::rerun-if-changed=build.rs");
    let made = PathBuf::from(env::var("OUT_DIR")?);
    let page = FILES.iter().find(|(path, ..)| *path == PAGE).map(|(_, _, content)| *content).ok_or(PAGE)?;
    let mut code = format!(
        "pub(super) const PAGE: GeneratedFile = {};\npub(super) const STYLES: GeneratedFile = {};\n",
        make(&made, PAGE, page)?,
        make(&made, "app.css", &bundle::styles())?
    );
    code += "pub(super) const SCRIPTS: &[(&str, GeneratedFile)] = &[\n";
    for language in texts::languages() {
        let script = make(&made, &format!("app.{language}.js"), &bundle::script(language))?;
        code.extend(["    (", &format!("{language:?}, {script}"), "),\n"]);
    }
    code += "];\n";
    fs::write(made.join("generated.rs"), code)?;
    Ok(())
}

/// Writes a file in the ways in which it is sent; answers the code that has them.
fn make(folder: &Path, name: &str, content: &str) -> Result<String, Box<dyn Error>> {
    let mut gzip = GzEncoder::new(Vec::new(), Compression::best());
    gzip.write_all(content.as_bytes())?;
    fs::write(folder.join(format!("{name}.gz")), gzip.finish()?)?;
    let quality = if env::var("PROFILE")? == "release" { IN_RELEASE } else { OTHERWISE };
    let hard = BrotliEncoderParams { quality, size_hint: content.len(), ..BrotliEncoderParams::default() };
    let mut brotli = Vec::new();
    brotli::BrotliCompress(&mut content.as_bytes(), &mut brotli, &hard)?;
    fs::write(folder.join(format!("{name}.br")), brotli)?;
    let bytes = |ending: &str| format!("include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.{ending}\"))");
    Ok(format!("GeneratedFile {{ gzip: {}, brotli: {} }}", bytes("gz"), bytes("br")))
}
