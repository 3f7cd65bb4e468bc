//! Attestations on the wire.

use crate::{
    Attestation, AttestationSignature, Epoch, Place, SignedAttestation,
    message::{array, hash},
    wire::{WireError, v1},
};

impl From<&SignedAttestation> for v1::Attestation {
    fn from(signed: &SignedAttestation) -> Self {
        let Attestation { attesting_epoch, kind, index, content } = signed.attestation;
        Self {
            epoch: attesting_epoch.0,
            kind: kind.into(),
            index,
            content: content.to_vec(),
            signer: signed.signer.number().into(),
            signature: signed.signature.0.to_vec(),
        }
    }
}

impl TryFrom<v1::Attestation> for SignedAttestation {
    type Error = WireError;

    fn try_from(signed: v1::Attestation) -> Result<Self, WireError> {
        let attesting_epoch = Some(Epoch(signed.epoch)).filter(|epoch| *epoch <= Epoch::MAX);
        let attestation = Attestation {
            attesting_epoch: attesting_epoch.ok_or(WireError::Field("epoch"))?,
            kind: u8::try_from(signed.kind).ok().filter(|kind| *kind != 0).ok_or(WireError::Field("kind"))?,
            index: signed.index,
            content: hash("content", &signed.content)?,
        };
        let signer = u8::try_from(signed.signer).ok().and_then(Place::new).ok_or(WireError::Field("signer"))?;
        let signature = AttestationSignature(array("signature", &signed.signature)?);
        Ok(Self { attestation, signer, signature })
    }
}
