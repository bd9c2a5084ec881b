//! Who did what the timeline of a link tells, where it was a person or a program with a key.

crate::dialect::sql_step!(
    "
ALTER TABLE link_event ADD COLUMN actor text
"
);
