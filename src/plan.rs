//! What is meant by the manifests: references, arguments and templates resolved.

pub mod analysis_template;
