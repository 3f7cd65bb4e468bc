//! Planted: a certificate never reaches the disk, before or after the finalize vote that it calls for.

use crate::sim::{conduct::Conduct, disk::Defects};

/// Votes to finalize as if the notarization were durable; after a crash nobody has it (rule N2).
#[derive(Clone, Copy, Debug)]
pub struct CertificateNotDurable;

impl Conduct for CertificateNotDurable {
    fn name(&self) -> &'static str {
        "certificate_not_durable"
    }

    fn fresh(&self) -> Box<dyn Conduct> {
        Box::new(*self)
    }

    fn defects(&self) -> Defects {
        Defects { forgets_certificates: true, ..Defects::default() }
    }
}
