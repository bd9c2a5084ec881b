//! System fonts for characters that the bundled fonts lack: the first font with a glyph is used.

use std::{
    collections::HashMap,
    sync::{LazyLock, Mutex, PoisonError},
};

use fontdb::{Database, FaceInfo, ID, Style};
use rustybuzz::ttf_parser;

use super::typeface::{Typeface, Weight};

static SYSTEM: LazyLock<System> = LazyLock::new(System::read);

/// Fonts that have a box for every character.
const OF_BOXES: [&str; 2] = ["Last Resort", "Adobe Blank"];

/// The weight from which a font counts as bold.
const BOLD: u16 = 600;

struct System {
    fonts: Database,
    /// The usable fonts; those most similar to the bundled ones come first.
    order: Vec<(ID, bool)>,
    found: Mutex<LoadedFonts>,
}

/// The fonts loaded so far, which stay in memory; there are few.
#[derive(Default)]
struct LoadedFonts {
    faces: HashMap<ID, Option<&'static Typeface>>,
    of_characters: HashMap<(char, Weight), Option<&'static Typeface>>,
}

/// A system font with this character, of the wanted weight if possible.
pub(super) fn find(c: char, weight: Weight) -> Option<&'static Typeface> {
    let mut found = SYSTEM.found.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(known) = found.of_characters.get(&(c, weight)) {
        return *known;
    }
    let face = SYSTEM.look_for(c, weight, &mut found);
    found.of_characters.insert((c, weight), face);
    face
}

impl System {
    fn read() -> Self {
        let mut fonts = Database::new();
        fonts.load_system_fonts();
        let mut faces: Vec<&FaceInfo> = fonts.faces().filter(|face| is_usable(face)).collect();
        faces.sort_by_key(|face| (rank(face), face.post_script_name.clone()));
        let order = faces.iter().map(|face| (face.id, face.weight.0 >= BOLD)).collect();
        tracing::debug!(fonts = fonts.len(), "fonts of the system were looked for");
        Self { order, found: Mutex::default(), fonts }
    }

    fn look_for(&self, c: char, weight: Weight, found: &mut LoadedFonts) -> Option<&'static Typeface> {
        let is_bold = weight == Weight::Bold;
        let as_heavy = self.order.iter().filter(|(_, bold)| *bold == is_bold);
        let others = self.order.iter().filter(|(_, bold)| *bold != is_bold);
        let (id, _) = as_heavy.chain(others).find(|(id, _)| self.has(*id, c))?;
        *found.faces.entry(*id).or_insert_with(|| self.typeface(*id))
    }

    fn has(&self, id: ID, c: char) -> bool {
        let has =
            |data: &[u8], index| ttf_parser::Face::parse(data, index).is_ok_and(|face| face.glyph_index(c).is_some());
        self.fonts.with_face_data(id, has).unwrap_or(false)
    }

    fn typeface(&self, id: ID) -> Option<&'static Typeface> {
        let (bytes, index) = self.fonts.with_face_data(id, |data, index| (data.to_vec(), index))?;
        let typeface = Typeface::read(Box::leak(bytes.into_boxed_slice()), index)?;
        Some(Box::leak(Box::new(typeface)))
    }
}

fn is_usable(face: &FaceInfo) -> bool {
    let is_of_boxes = |(family, _): &(String, _)| OF_BOXES.iter().any(|boxes| family.contains(boxes));
    face.style == Style::Normal && !face.families.iter().any(is_of_boxes)
}

/// Prefers Noto Sans, like the bundled font; then other sans-serif fonts; monospaced fonts come last.
fn rank(face: &FaceInfo) -> u8 {
    let is_called = |name: &str| face.families.iter().any(|(family, _)| family.starts_with(name));
    match () {
        () if face.monospaced => 4,
        () if is_called("Noto Sans") || is_called("Noto Color Emoji") => 0,
        () if is_called("Noto") => 2,
        () if face.families.iter().any(|(family, _)| family.contains("Sans")) => 1,
        () => 3,
    }
}
