//! Whom to trust on the way over TLS.

use std::sync::Arc;

use tokio_rustls::rustls::pki_types::CertificateDer;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto};

use crate::RtcFault;

/// The public roots, and whatever `extra_ca` holds (PEM).
pub fn client(extra_ca: &[u8]) -> Result<Arc<ClientConfig>, RtcFault> {
    let mut roots = RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() };
    let bad = |_| RtcFault::BadCertificate;
    let mut found = false;
    for certificate in CertificateDer::pem_slice_iter(extra_ca) {
        roots.add(certificate.map_err(|_| RtcFault::BadCertificate)?).map_err(bad)?;
        found = true;
    }
    if !extra_ca.is_empty() && !found {
        return Err(RtcFault::BadCertificate);
    }
    let config = ClientConfig::builder_with_provider(Arc::new(crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(bad)?
        .with_root_certificates(roots)
        .with_no_client_auth();
    Ok(Arc::new(config))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]
    use super::*;

    #[test]
    fn what_is_no_certificate_is_refused() {
        assert!(client(b"").is_ok());
        assert!(client(b"not a certificate").is_err());
        assert!(client(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n").is_err());
    }
}
