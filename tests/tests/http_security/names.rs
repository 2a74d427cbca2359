//! Names and origins: DNS rebinding, pages of other origins, CORS.

use anyhow::{Result, ensure};
use task_orchestrator_tests::Workspace;
use task_orchestrator_tests::http::Served;

use super::raw::{address, exchange, request, status, still_serves};

const ALLOWED: &str = "[http]\nallowed_hosts = \"tasks.example, other.example:8443\"\n\
                       allowed_origins = [\"https://app.example\"]\n";

#[test]
fn only_own_names_and_origins_are_served_on_every_path() -> Result<()> {
    Workspace::configured(ALLOWED)?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let address = address(&served.url)?;
        let (own, port) = (address.to_string(), address.port());
        let local = format!("localhost:{port}");
        let own_origin = format!("http://{local}");
        // What is refused is refused with this status, whatever the path; the rest is not.
        for (host, origin, refused) in [
            (own.as_str(), "", None),
            (&local, "", None),
            (&local, &own_origin, None),
            ("tasks.example", "", None),
            ("other.example:8443", "", None),
            (&local, "https://app.example", None),
            ("evil.example", "", Some(403)),
            (&format!("evil.example:{port}"), "", Some(403)),
            ("other.example", "", Some(403)),
            ("evil.example", "https://app.example", Some(403)),
            ("evil.example", "http://evil.example", Some(403)),
            (&local, "http://evil.example", Some(403)),
            (&local, "https://app.example.evil.example", Some(403)),
            (&local, "null", Some(403)),
            ("", "", Some(400)),
        ] {
            for path in ["/mcp", "/.well-known/oauth-protected-resource", "/healthz", "/nothing"] {
                let mut lines = vec![format!("Host: {host}")];
                lines.extend((!origin.is_empty()).then(|| format!("Origin: {origin}")));
                let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
                let answer = exchange(address, &request("GET", path, &lines))?;
                let found = status(&answer);
                match refused {
                    Some(expected) => {
                        ensure!(found == expected, "{host} {origin} {path}: {answer}");
                        ensure!(answer.contains("\"jsonrpc\":\"2.0\""), "{answer}");
                    }
                    None => ensure!(found != 403 && found != 0, "{host} {origin} {path}: {answer}"),
                }
            }
        }
        ensure!(status(&exchange(address, b"GET /mcp HTTP/1.1\r\nConnection: close\r\n\r\n")?) == 400);
        still_serves(&served)
    })
}

#[test]
fn browsers_are_told_only_of_pages_that_may() -> Result<()> {
    Workspace::configured(ALLOWED)?.check(|workspace| {
        let served = Served::start(workspace, &[])?;
        let address = address(&served.url)?;
        let host = format!("Host: {address}");
        let ask = "Access-Control-Request-Method: POST";
        let answer =
            exchange(address, &request("OPTIONS", "/mcp", &[&host, "Origin: https://app.example", ask]))?;
        let head = answer.to_ascii_lowercase();
        ensure!(status(&answer) == 204, "{answer}");
        for line in [
            "access-control-allow-origin: https://app.example",
            "access-control-allow-methods: post, get, delete",
            "access-control-expose-headers: mcp-session-id",
            "vary: origin",
        ] {
            ensure!(head.contains(line), "no {line}: {answer}");
        }
        ensure!(head.contains("mcp-protocol-version") && head.contains("authorization"), "{answer}");
        let own = format!("Origin: http://{address}");
        for lines in [vec![host.as_str(), &own, ask], vec![&host, ask]] {
            let answer = exchange(address, &request("OPTIONS", "/mcp", &lines))?;
            ensure!(status(&answer) == 405, "{answer}");
            ensure!(!answer.to_ascii_lowercase().contains("access-control"), "{answer}");
        }
        Ok(())
    })
}

#[test]
fn the_metadata_are_there_with_an_issuer_only() -> Result<()> {
    let path = "/.well-known/oauth-protected-resource";
    for (config, expected) in
        [("", 404), ("[http]\nissuer = \"https://login.example\"\nanonymous_role = \"none\"\n", 200)]
    {
        Workspace::configured(config)?.check(|workspace| {
            let served = Served::start(workspace, &[])?;
            let address = address(&served.url)?;
            let host = format!("Host: {address}");
            for path in [path.to_owned(), format!("{path}/mcp")] {
                let answer = exchange(address, &request("GET", &path, &[&host]))?;
                ensure!(status(&answer) == expected, "{answer}");
                if expected == 200 {
                    let resource = format!("\"resource\":\"{}\"", served.url);
                    ensure!(answer.contains(&resource), "{answer}");
                    ensure!(
                        answer.contains("\"authorization_servers\":[\"https://login.example\"]"),
                        "{answer}"
                    );
                }
            }
            if expected == 200 {
                let answer = exchange(address, &request("GET", "/mcp", &[&host]))?;
                ensure!(status(&answer) == 401, "{answer}");
                let found_at = format!("resource_metadata=\"http://{address}{path}/mcp\"");
                ensure!(
                    answer.contains("www-authenticate: Bearer") && answer.contains(&found_at),
                    "{answer}"
                );
            }
            Ok(())
        })?;
    }
    Ok(())
}
