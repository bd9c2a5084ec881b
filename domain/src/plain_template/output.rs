//! The output of a template, with a size limit.

use std::io;

use handlebars::Output;

pub(super) struct BoundedOutput {
    text: String,
    most_bytes: usize,
    full: bool,
}

impl BoundedOutput {
    pub(super) fn new(most_bytes: usize) -> Self {
        Self { text: String::new(), most_bytes, full: false }
    }

    /// Whether the output exceeded the limit.
    pub(super) fn is_full(&self) -> bool {
        self.full
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

impl Output for BoundedOutput {
    fn write(&mut self, segment: &str) -> io::Result<()> {
        if segment.len() > self.most_bytes - self.text.len() {
            self.full = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.text.push_str(segment);
        Ok(())
    }
}
