//! Certificates of an authority of a test's own.

use std::{path::Path, process::Command};

/// Makes an authority, `ca.pem`, with certificates for a server of this machine and for its clients.
pub(super) fn make_certificates(folder: &Path) {
    let script = r"
        set -e
        # Valid since ten days ago: some processes have clocks that are days behind.
        faketime -f -10d openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 20 -subj '/CN=Example CA' -keyout ca.key -out ca.pem
        for who in server client; do
            openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj '/CN=localhost' -keyout $who.key -out $who.csr
            printf 'subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n' > $who.ext
            faketime -f -10d openssl x509 -req -in $who.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 20 -extfile $who.ext -out $who.pem
        done
    ";
    let made = Command::new("sh").args(["-c", script]).current_dir(folder).output().unwrap();
    assert!(made.status.success(), "{made:?}");
}
