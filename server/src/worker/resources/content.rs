//! The content of artifacts: as text where it is text, else as base64. Must
//! never send more than the link can carry.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rmcp::model::{ErrorData, ResourceContents};
use serde_json::json;

use super::super::shared::Shared;
use super::{not_found, refused};
use crate::tasks::{Artifact, ArtifactId, ArtifactType, Repository as _};
use crate::worker::size;

/// The content of an artifact.
///
/// # Errors
///
/// The protocol's error for an unknown resource; the store's own.
pub(super) async fn read(shared: &Shared, id: &ArtifactId, uri: &str) -> Result<ResourceContents, ErrorData> {
    let wanted = id.clone();
    let found = shared.store.read(move |tx| Ok(tx.artifact(&wanted)?)).await.map_err(refused)?;
    let artifact = found.ok_or_else(|| not_found(uri))?;
    let bytes = shared.store.artifact_content(artifact.sha256).await.map_err(refused)?;
    let mime = mime(artifact.path.as_deref(), artifact.artifact_type);
    let sent = match String::from_utf8(bytes) {
        Ok(text) => ResourceContents::text(text, uri).with_mime_type(mime),
        Err(binary) => {
            // Text by its name and binary by its content: the content is right.
            let mime = if mime.starts_with("text/") { "application/octet-stream" } else { mime };
            ResourceContents::blob(STANDARD.encode(binary.as_bytes()), uri).with_mime_type(mime)
        }
    };
    size::fits(&sent).then_some(sent).ok_or_else(|| too_large(&artifact, uri))
}

fn too_large(artifact: &Artifact, uri: &str) -> ErrorData {
    let path = artifact.path.as_deref().map(|path| format!("; it was read from {path}")).unwrap_or_default();
    let message = format!("{uri} has {} bytes, more than one message can carry{path}", artifact.size);
    ErrorData::invalid_request(
        message,
        Some(json!({ "uri": uri, "size": artifact.size, "path": artifact.path })),
    )
}

/// The type of a content, as far as its file's name tells it.
pub(super) fn mime(path: Option<&str>, kind: ArtifactType) -> &'static str {
    let ending = path.and_then(|path| path.rsplit_once('.')).map(|(_, ending)| ending.to_ascii_lowercase());
    match ending.as_deref() {
        Some("md" | "markdown") => "text/markdown",
        Some("json") => "application/json",
        Some("html" | "htm") => "text/html",
        Some("css") => "text/css",
        Some("csv") => "text/csv",
        Some("xml") => "application/xml",
        Some("yaml" | "yml") => "application/yaml",
        Some("toml") => "application/toml",
        Some("js" | "mjs") => "text/javascript",
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("gif") => "image/gif",
        Some("svg") => "image/svg+xml",
        Some("webp") => "image/webp",
        Some("pdf") => "application/pdf",
        Some("zip") => "application/zip",
        Some("gz" | "tgz") => "application/gzip",
        // Work that came as text in the call is Markdown where it is prose.
        None if path.is_none() && kind != ArtifactType::Code => "text/markdown",
        _ => "text/plain",
    }
}
