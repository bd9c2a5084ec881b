//! A PDF of a few hundred bytes can demand terabytes or years. It gets neither, and affects no other.

use std::{
    io::{Read, Write},
    process::{Command, ExitStatus, Stdio},
    thread,
    time::Instant,
};

use crate::support::{App, Database, INVOICE, Invoice};

/// Two GiB of zeros, twice deflated.
const ZEROS: &[u8] = include_bytes!("../fixtures/pdf/two-gib-of-zeros-deflated-twice");

/// How much more memory than before the process of the workers may have taken, at any time, in KiB.
const GROWTH: u64 = 128 << 10;

fn stream(entries: &str, content: &[u8]) -> Vec<u8> {
    let head = format!("<</Length {} {entries}>>\nstream\n", content.len());
    [head.as_bytes(), content, b"\nendstream"].concat()
}

/// A file with one page of these resources and this content, the 4th object, and more objects after it.
fn page(resources: &str, content: Vec<u8>, more: &[Vec<u8>]) -> Vec<u8> {
    let page =
        format!("<</Type /Page /Parent 2 0 R /MediaBox [0 0 595 842] /Contents 4 0 R /Resources <<{resources}>>>>");
    let mut objects = vec![
        b"<</Type /Catalog /Pages 2 0 R>>".to_vec(),
        b"<</Type /Pages /Kids [3 0 R] /Count 1>>".to_vec(),
        page.into_bytes(),
        content,
    ];
    objects.extend_from_slice(more);
    let mut file = b"%PDF-1.7\n".to_vec();
    for (number, object) in objects.iter().enumerate() {
        file.extend(format!("{} 0 obj\n", number + 1).bytes());
        file.extend(object);
        file.extend(b"\nendobj\n");
    }
    file.extend(b"trailer\n<</Root 1 0 R>>\n%%EOF\n");
    file
}

/// A pattern that would be drawn some billions of times.
fn narrow_tiles() -> Vec<u8> {
    let tile = "/Type /Pattern /PatternType 1 /PaintType 1 /TilingType 1 /BBox [0 0 600 850] /XStep 0.01 /YStep 0.01 \
                /Resources <<>>";
    let content = stream("", b"/Pattern cs /P scn 0 0 595 842 re f");
    page("/Pattern <</P 5 0 R>>", content, &[stream(tile, b"1 0 0 rg 0 0 1 1 re f")])
}

/// A mask whose form draws another ten times, which draws another ten times, and so on: ten billion times in all.
fn laughing_mask() -> Vec<u8> {
    const LEVELS: usize = 10;
    let form = |more: &str| {
        format!("/Type /XObject /Subtype /Form /BBox [0 0 595 842] /Group <</S /Transparency /CS /DeviceGray>> {more}")
    };
    let mut objects = vec![b"<</Type /ExtGState /SMask <</Type /Mask /S /Luminosity /G 6 0 R>>>>".to_vec()];
    for level in 0..LEVELS {
        let next = form(&format!("/Resources <</XObject <</F {} 0 R>>>>", level + 7));
        objects.push(stream(&next, &b"/F Do\n".repeat(10)));
    }
    objects.push(stream(&form(""), b"1 g 0 0 595 842 re f"));
    page("/ExtGState <</G 5 0 R>>", stream("", b"/G gs 0 0 595 842 re f"), &objects)
}

/// A few KiB that are two GiB, as what is drawn.
fn swollen_content() -> Vec<u8> {
    page("", stream("/Filter [/FlateDecode /FlateDecode]", ZEROS), &[])
}

/// The same as the table by which the file is opened.
fn swollen_table() -> Vec<u8> {
    let mut file = page("", stream("", b""), &[]);
    let (start, table) =
        (file.len(), "/Type /XRef /W [1 4 2] /Size 300000000 /Root 1 0 R /Filter [/FlateDecode /FlateDecode]");
    file.extend(b"5 0 obj\n");
    file.extend(stream(table, ZEROS));
    file.extend(format!("\nendobj\nstartxref\n{start}\n%%EOF\n").bytes());
    file
}

/// Deeper than any stack, where the file is opened and where it is drawn.
fn deep() -> Vec<u8> {
    let content =
        [b"[".repeat(1_000_000), b"]".repeat(1_000_000), b" TJ\n".to_vec(), b"q\n".repeat(1_000_000)].concat();
    let nested = [b"<</A ".repeat(300_000), b"1".to_vec(), b">>".repeat(300_000)].concat();
    page("/XObject 5 0 R", stream("", &content), &[nested])
}

fn hostile() -> [(&'static str, Vec<u8>); 5] {
    [
        ("narrow tiles", narrow_tiles()),
        ("a laughing mask", laughing_mask()),
        ("swollen content", swollen_content()),
        ("a swollen table", swollen_table()),
        ("deep", deep()),
    ]
}

/// What the process that a worker starts makes of a file. It is given less of the processor than it would take for
/// itself: that it ends when it has had its share is seen sooner.
fn read(pdf: &[u8]) -> (ExitStatus, Vec<u8>) {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -t 3 && exec \"$0\" read-pdf", env!("CARGO_BIN_EXE_paylink")]);
    command.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    let (mut input, mut output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
    let answer = thread::spawn(move || {
        let mut answer = Vec::new();
        output.read_to_end(&mut answer).unwrap();
        answer
    });
    let _ = input.write_all(pdf);
    drop(input);
    (process.wait().unwrap(), answer.join().unwrap())
}

#[test]
fn the_process_that_reads_a_pdf_ends_whatever_the_file_asks_for() {
    let (status, answer) = read(INVOICE);
    assert!(status.success() && answer.starts_with(b"{\"Ok\":{\"pages\":3,"), "{}", String::from_utf8_lossy(&answer));
    for (name, pdf) in hostile() {
        let start = Instant::now();
        let (status, answer) = read(&pdf);
        let taken = start.elapsed();
        println!("{name}: {status} after {taken:?}, {} bytes", answer.len());
        // Ended by the system, not by itself: that would be taken for a fault of ours, and tried again.
        assert!(status.success() || status.code().is_none(), "{name}: {status}");
    }
}

#[tokio::test]
async fn a_hostile_pdf_fails_its_link_and_the_worker_lives_on() {
    let app = App::start_apart(Database::sqlite()).await;
    let merchant = app.merchant();
    let order = merchant.opens_an_order("19301").await;
    merchant.has_the_link(&merchant.uploads(&order, &Invoice { pdf: Some(INVOICE), ..Invoice::default() }).await).await;
    let before = app.status_of_process("VmHWM");
    let mut uploaded = Vec::new();
    for (number, (name, pdf)) in
        [("narrow tiles", narrow_tiles()), ("swollen content", swollen_content())].iter().enumerate()
    {
        let order = merchant.opens_an_order(&format!("1931{number}")).await;
        uploaded.push((*name, merchant.uploads(&order, &Invoice { pdf: Some(pdf), ..Invoice::default() }).await));
    }
    for (name, id) in uploaded {
        let failed = merchant.sees(&id, "failed").await;
        let reason = failed["failure"].as_str().unwrap_or_default();
        assert!(reason.contains("too complex"), "{name}: {failed}");
    }
    let order = merchant.opens_an_order("19302").await;
    let id = merchant.uploads(&order, &Invoice { pdf: Some(INVOICE), ..Invoice::default() }).await;
    merchant.has_the_link(&id).await;
    let grown = app.status_of_process("VmHWM") - before;
    assert!(grown < GROWTH, "the workers have taken {grown} KiB more");
}
