//! How phone numbers and regions stand in a column.

use crate::{PhoneNumber, Region};

crate::column::stored_as!(PhoneNumber, String, |number| number.as_e164().to_owned(), |number| PhoneNumber::from_e164(
    &number
)
.map_err(|error| error.to_string()));
crate::column::stored_as!(Region, String, |region| region.as_str().to_owned(), |code| Region::from_stored(&code)
    .map_err(|error| error.to_string()));
