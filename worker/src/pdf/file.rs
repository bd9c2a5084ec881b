//! Objects, looked up one at a time.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::Rc;

use lopdf::encryption::decrypt_object;
use lopdf::{DecompressError, Dictionary, Document, EncryptionState, Object, ObjectId, Stream};

use super::PdfError;
use super::budget::Budget;
use super::syntax::{Cursor, Fault, find};
use super::xref::{Entry, Index};

/// How many references may lead to one object.
const LONGEST_CHAIN: usize = 16;

/// A PDF whose index has been read.
pub(super) struct File<'a> {
    bytes: &'a [u8],
    budget: &'a Budget,
    index: Index,
    encryption: Option<EncryptionState>,
    containers: RefCell<HashMap<u32, Rc<Container>>>,
}

/// An object as it stands in the file.
pub(super) struct Indirect {
    pub(super) id: ObjectId,
    pub(super) object: Object,
    /// Where the data starts, if the object is the dictionary of a stream.
    pub(super) data: Option<usize>,
}

/// An object stream: many small objects compressed together.
struct Container {
    content: Vec<u8>,
    offsets: HashMap<u32, usize>,
}

impl<'a> File<'a> {
    /// Opens the file with the empty password, which is what a viewer does before it asks for one.
    pub(super) fn open(bytes: &'a [u8], budget: &'a Budget, index: Index) -> Result<Self, PdfError> {
        let mut file = Self { bytes, budget, index, encryption: None, containers: RefCell::default() };
        if let Ok(encrypt) = file.index.trailer.get(b"Encrypt") {
            let encrypt = file.resolve(encrypt)?;
            if encrypt != Object::Null {
                file.encryption = Some(unlock(&file.index.trailer, encrypt)?);
            }
        }
        Ok(file)
    }

    /// The document's catalog.
    pub(super) fn catalog(&self) -> Result<Dictionary, Fault> {
        let root = self.index.trailer.get(b"Root").unwrap_or(&Object::Null);
        match self.resolve(root)? {
            Object::Dictionary(catalog) => Ok(catalog),
            _ => Err(Fault::Syntax { expected: "the catalog", at: 0 }),
        }
    }

    /// Follows references until there is something else. What is not in the index is null (7.3.10).
    pub(super) fn resolve(&self, object: &Object) -> Result<Object, Fault> {
        let mut object = object.clone();
        for _ in 0..LONGEST_CHAIN {
            match object {
                Object::Reference(id) => object = self.look_up(id)?,
                found => return Ok(found),
            }
        }
        Err(Fault::Syntax { expected: "an end to the references", at: 0 })
    }

    fn look_up(&self, id: ObjectId) -> Result<Object, Fault> {
        match self.index.entries.get(&id.0) {
            None | Some(Entry::Free) => Ok(Object::Null),
            Some(&Entry::At(at)) => {
                let found = indirect(self.bytes, at, self.budget)?;
                if found.id.0 == id.0 {
                    Ok(found.object)
                } else {
                    Err(Fault::Syntax { expected: "another object", at })
                }
            }
            Some(&Entry::Inside(container)) => {
                let container = self.container(container)?;
                let Some(&at) = container.offsets.get(&id.0) else {
                    return Ok(Object::Null);
                };
                Cursor::new(&container.content, at, self.budget).object()
            }
        }
    }

    fn container(&self, number: u32) -> Result<Rc<Container>, Fault> {
        if let Some(known) = self.containers.borrow().get(&number) {
            return Ok(Rc::clone(known));
        }
        let Some(&Entry::At(at)) = self.index.entries.get(&number) else {
            return Err(Fault::Syntax { expected: "an object stream", at: 0 });
        };
        let found = indirect(self.bytes, at, self.budget)?;
        let (Object::Dictionary(dictionary), Some(data)) = (found.object, found.data) else {
            return Err(Fault::Syntax { expected: "an object stream", at });
        };
        let length = self.length(&dictionary);
        let mut raw = Object::Stream(stream(self.bytes, data, dictionary, length, self.budget)?);
        if let Some(encryption) = &self.encryption {
            decrypt_object(encryption, found.id, &mut raw).map_err(|error| Fault::Stream(error.into()))?;
        }
        let raw = raw.as_stream().map_err(Fault::Stream)?;
        let container = Rc::new(Container::read(raw, self.budget)?);
        self.containers.borrow_mut().insert(number, Rc::clone(&container));
        Ok(container)
    }

    /// The length of a stream, if it says so itself or in an object of its own. One inside an object stream is not looked
    /// for, since that stream's length may be the one that is being asked for; the data then ends at its keyword.
    fn length(&self, dictionary: &Dictionary) -> Option<i64> {
        match dictionary.get(b"Length").ok()? {
            Object::Reference(id) => match self.index.entries.get(&id.0)? {
                &Entry::At(at) => indirect(self.bytes, at, self.budget).ok()?.object.as_i64().ok(),
                Entry::Free | Entry::Inside(_) => None,
            },
            length => length.as_i64().ok(),
        }
    }
}

impl Container {
    fn read(stream: &Stream, budget: &Budget) -> Result<Self, Fault> {
        let content = decode(stream, budget)?;
        let number = |key| stream.dict.get(key).and_then(Object::as_i64).ok().and_then(|it| usize::try_from(it).ok());
        let (Some(count), Some(first)) = (number(b"N"), number(b"First")) else {
            return Err(Fault::Syntax { expected: "the head of an object stream", at: 0 });
        };
        let mut head = Cursor::new(&content, 0, budget);
        let mut offsets = HashMap::new();
        for _ in 0..count {
            budget.spend(size_of::<(u32, usize)>())?;
            let number = u32::try_from(head.unsigned()?).map_err(|_| head.fault("an object number"))?;
            let at = usize::try_from(head.unsigned()?).map_err(|_| head.fault("an offset"))?;
            offsets.insert(number, first.saturating_add(at));
        }
        Ok(Self { content, offsets })
    }

    /// The numbers of the objects inside.
    fn numbers(&self) -> impl Iterator<Item = u32> {
        self.offsets.keys().copied()
    }
}

/// The numbers of the objects inside an object stream that is not encrypted; none if it cannot be read.
pub(super) fn members(stream: &Stream, budget: &Budget) -> Result<Vec<u32>, Fault> {
    match Container::read(stream, budget) {
        Ok(container) => Ok(container.numbers().collect()),
        Err(Fault::OverBudget) => Err(Fault::OverBudget),
        Err(Fault::Syntax { .. } | Fault::Stream(_)) => Ok(Vec::new()),
    }
}

/// Reads the object at an offset, without the data of a stream.
pub(super) fn indirect(bytes: &[u8], at: usize, budget: &Budget) -> Result<Indirect, Fault> {
    let mut cursor = Cursor::new(bytes, at, budget);
    let id = cursor.object_head()?;
    let object = cursor.object()?;
    let is_stream = matches!(object, Object::Dictionary(_)) && cursor.stream_keyword()?;
    Ok(Indirect { id, object, data: is_stream.then(|| cursor.at()) })
}

/// Cuts out the data of a stream, which starts at an offset and goes on for a length or, if that is not known or wrong,
/// until the keyword `endstream`.
pub(super) fn stream(
    bytes: &[u8],
    data: usize,
    dictionary: Dictionary,
    length: Option<i64>,
    budget: &Budget,
) -> Result<Stream, Fault> {
    let rest = bytes.get(data..).unwrap_or_default();
    let by_length = length.and_then(|length| usize::try_from(length).ok()).filter(|&length| {
        let end = data.saturating_add(length);
        end <= bytes.len() && Cursor::new(bytes, end, budget).keyword(b"endstream").unwrap_or(false)
    });
    let length = by_length.or_else(|| find(rest, b"endstream")).unwrap_or(rest.len());
    budget.spend(length)?;
    Ok(Stream::new(dictionary, rest[..length].to_vec()))
}

/// Decompresses a stream of the structure.
pub(super) fn decode(stream: &Stream, budget: &Budget) -> Result<Vec<u8>, Fault> {
    // Each filter may expand its input anew. Two of them are never needed here, so two are not paid for.
    if stream.filters().is_ok_and(|filters| filters.len() > 1) {
        return Err(Fault::Syntax { expected: "one filter", at: 0 });
    }
    let limit = budget.stream_limit();
    match stream.get_plain_content_with_limit(limit) {
        Ok(content) => {
            budget.spend(content.len())?;
            Ok(content)
        }
        Err(lopdf::Error::Decompress(DecompressError::MemoryLimitExceeded { .. })) => Err(Fault::OverBudget),
        Err(error) => {
            budget.spend(limit)?;
            Err(Fault::Stream(error))
        }
    }
}

/// Derives the key from the empty password. Any other way of protecting a file is a password to whoever has to open it.
fn unlock(trailer: &Dictionary, encrypt: Object) -> Result<EncryptionState, PdfError> {
    const ENCRYPT: ObjectId = (1, 0);
    let mut lock = Document::new();
    lock.trailer = trailer.clone();
    lock.trailer.set("Encrypt", Object::Reference(ENCRYPT));
    lock.objects.insert(ENCRYPT, encrypt);
    lock.authenticate_user_password("")
        .and_then(|()| EncryptionState::decode(&lock, ""))
        .map_err(|_| PdfError::Protected)
}
