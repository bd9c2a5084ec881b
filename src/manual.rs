//! `paylink completions` and `paylink manual`: files for packages, generated from the command line's definition.

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args as ClapArgs, Command, CommandFactory};
use clap_complete::Shell;

use crate::error::Error;

/// Which shell.
#[derive(ClapArgs)]
pub(crate) struct CompletionsArgs {
    /// The shell.
    shell: Shell,
}

/// Where to write.
#[derive(ClapArgs)]
pub(crate) struct ManualArgs {
    /// The folder for the pages, one for each sub-command.
    folder: PathBuf,
}

/// Prints completions for a shell.
pub(crate) fn completions<C: CommandFactory>(args: &CompletionsArgs) {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut C::command(), "paylink", &mut script);
    println!("{}", String::from_utf8_lossy(&script).trim_end());
}

/// Writes the manual pages.
pub(crate) fn manual<C: CommandFactory>(args: &ManualArgs) -> Result<(), Error> {
    fs::create_dir_all(&args.folder).map_err(Error::io(format!("{} cannot be made", args.folder.display())))?;
    let mut command = C::command().name("paylink");
    command.build();
    page(&command, "paylink", &args.folder)
}

fn page(command: &Command, name: &str, folder: &Path) -> Result<(), Error> {
    let path = folder.join(format!("{name}.1"));
    let mut text = Vec::new();
    let named = command.clone().name(name.to_owned());
    let written = clap_mangen::Man::new(named).render(&mut text).and_then(|()| fs::write(&path, text));
    written.map_err(Error::io(format!("{} cannot be written", path.display())))?;
    for sub in command.get_subcommands().filter(|sub| !sub.is_hide_set() && sub.get_name() != "help") {
        page(sub, &format!("{name}-{}", sub.get_name()), folder)?;
    }
    Ok(())
}
