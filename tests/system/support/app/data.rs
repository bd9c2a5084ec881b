//! What is in the app's data directory.

use std::fs;

use super::App;

impl App {
    /// Deletes its data; Stripe and the carrier keep theirs.
    pub(crate) fn loses_its_data(&self) {
        for name in ["paylink.db", "paylink.db-wal", "paylink.db-shm", "secret.key"] {
            let _ = fs::remove_file(self.data.path().join(name));
        }
        for folder in ["documents", "redis"] {
            let _ = fs::remove_dir_all(self.data.path().join(folder));
        }
    }

    /// Whether there is a database in its data directory.
    pub(crate) fn has_a_database(&self) -> bool {
        self.data.path().join("paylink.db").exists()
    }

    /// Whether its data directory has a file with this name.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.data.path().join(name).exists()
    }

    /// Whether its data directory has a file with this prefix.
    pub(crate) fn has_one_that_begins(&self, begin: &str) -> bool {
        let names = fs::read_dir(self.data.path()).unwrap().map(|entry| entry.unwrap().file_name());
        names.into_iter().any(|name| name.to_string_lossy().starts_with(begin))
    }

    /// Replaces a file in its data directory with a folder, so that it cannot be written.
    pub(crate) fn puts_a_folder(&self, name: &str) {
        fs::create_dir(self.data.path().join(name)).unwrap();
    }

    /// Deletes a file of its data directory, or an empty folder.
    pub(crate) fn loses(&self, name: &str) {
        let path = self.data.path().join(name);
        if path.is_dir() { fs::remove_dir(path) } else { fs::remove_file(path) }.unwrap();
    }

    /// Puts a file into its data directory.
    pub(crate) fn puts(&self, name: &str, text: &str) {
        fs::write(self.data.path().join(name), text).unwrap();
    }

    /// A file of its data directory.
    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.data.path().join(name)).unwrap()
    }

    /// Its whole log, with that of processes next to it.
    pub(crate) fn log(&self) -> String {
        let files = fs::read_dir(self.data.path()).into_iter().flatten().map(|entry| entry.unwrap().path());
        let logs = files.filter(|path| path.file_stem().is_some_and(|stem| stem == "log"));
        logs.map(|path| fs::read_to_string(path).unwrap_or_default()).collect()
    }

    /// The number of invoices in the store, including uploads but not their pictures.
    pub(crate) fn invoices(&self) -> usize {
        self.documents()
            .iter()
            .filter(|name| std::path::Path::new(name).extension().is_some_and(|kind| kind == "pdf"))
            .count()
    }

    /// The files of its document store, by path.
    pub(crate) fn documents(&self) -> Vec<String> {
        let store = self.data.path().join("documents");
        let mut files = Vec::new();
        let mut folders = vec![store.clone()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                if entry.file_type().unwrap().is_dir() {
                    folders.push(entry.path());
                } else {
                    files.push(entry.path().strip_prefix(&store).unwrap().display().to_string());
                }
            }
        }
        files
    }

    /// The files of its data directory, by name, except logs and the sandbox's data, which represents Stripe and the
    /// carrier.
    pub(crate) fn files(&self) -> Vec<(String, Vec<u8>)> {
        let (mut files, mut folders) = (Vec::new(), vec![self.data.path().to_owned()]);
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
                let (path, kind) = (entry.path(), entry.file_type().unwrap());
                if kind.is_dir() {
                    folders.push(path);
                } else if kind.is_file() && path.file_stem().is_none_or(|stem| stem != "log" && stem != "sandbox") {
                    // It may disappear during the search.
                    files.extend(fs::read(&path).ok().map(|bytes| (path.display().to_string(), bytes)));
                }
            }
        }
        files
    }
}
