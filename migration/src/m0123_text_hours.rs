//! When a merchant's automatic texts may be sent; null means the usual hours, and on Sundays too.

crate::dialect::sql_step!(
    "
ALTER TABLE merchant ADD COLUMN texts_from {int};
ALTER TABLE merchant ADD COLUMN texts_until {int};
ALTER TABLE merchant ADD COLUMN texts_on_sundays {bool}
"
);
