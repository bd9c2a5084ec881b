//! The accessibility check: axe, from npm, on the current page.

use std::{fs, sync::OnceLock};

use serde_json::Value;

use crate::browser::Browser;

const FILE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/axe/node_modules/axe-core/axe.min.js");

const CHECK: &str = r#"
const told = arguments[arguments.length - 1];
const lines = ({ id, help, nodes }) => nodes.map((node) => `${id}: ${help}: ${node.html} ${node.any.map((it) => it.message).join("; ")}`);
axe.run(document, { resultTypes: ["violations"] })
  .then(({ violations }) => told(violations.flatMap(lines)), (error) => told([String(error)]));
"#;

impl Browser {
    /// Fails if the page is not accessible; `place` names the page.
    pub(crate) async fn is_accessible(&self, place: &str) {
        static AXE: OnceLock<String> = OnceLock::new();
        let axe = AXE.get_or_init(|| fs::read_to_string(FILE).expect("scripts/setup.sh test fetches axe"));
        if self.runs("return typeof axe", vec![]).await != "object" {
            self.runs(axe, vec![]).await;
        }
        let violations = self.client().execute_async(CHECK, vec![]).await.unwrap();
        let violations: Vec<&str> = violations.as_array().unwrap().iter().filter_map(Value::as_str).collect();
        assert!(violations.is_empty(), "{place} is not for everybody:\n{}", violations.join("\n"));
    }
}
