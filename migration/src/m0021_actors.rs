//! Who caused an event in a link's timeline, if it was a person or a program with a key.

crate::dialect::sql_step!(
    "
ALTER TABLE link_event ADD COLUMN actor text
"
);
