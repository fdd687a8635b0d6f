//! The page's own small server: HTTP/1.1 on loopback, messages as JSON both ways, the sound it hears as raw samples.

use async_channel::{Receiver, Sender};
use serde_json::Value;
use std::{path::PathBuf, sync::Arc, time::Duration};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// How long the page waits for news before it asks again.
const POLL: Duration = Duration::from_secs(5);
/// Bytes of one request's body.
const BODY_BYTES: usize = 1 << 20;

/// The door to the page.
pub struct Page {
    pub url: String,
    pub to: Sender<Value>,
    pub from: Receiver<Value>,
}

struct Server {
    page: PathBuf,
    heard: PathBuf,
    to: Receiver<Value>,
    from: Sender<Value>,
    join: Box<dyn Fn(&str) + Send + Sync>,
}

/// Serves `page` and what lies beside it; writes what each peer was heard to say to `heard/PEER.s16`, 48 kHz mono. `join`
/// is called with the room that the page wants to be in.
pub async fn serve(page: PathBuf, heard: PathBuf, join: impl Fn(&str) + Send + Sync + 'static) -> Page {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let (to, to_page) = async_channel::unbounded();
    let (from_page, from) = async_channel::unbounded();
    let server = Arc::new(Server { page, heard, to: to_page, from: from_page, join: Box::new(join) });
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let server = server.clone();
            tokio::spawn(async move {
                // The page leaves when it likes.
                let _ = server.talk(stream).await;
            });
        }
    });
    Page { url, to, from }
}

impl Server {
    async fn talk(&self, stream: TcpStream) -> std::io::Result<()> {
        stream.set_nodelay(true)?;
        let mut stream = BufReader::new(stream);
        loop {
            let mut head = Vec::new();
            let mut length = 0;
            loop {
                let mut line = String::new();
                if stream.read_line(&mut line).await? == 0 {
                    return Ok(());
                }
                let line = line.trim_end().to_owned();
                if let Some(bytes) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                    length = bytes.trim().parse().unwrap_or(0).min(BODY_BYTES);
                }
                if line.is_empty() {
                    break;
                }
                head.push(line);
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await?;
            let target = head.first().and_then(|line| line.split(' ').nth(1)).unwrap_or("/").to_owned();
            let (kind, answer) = self.answer(&target, &body).await;
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", answer.len());
            stream.write_all(head.as_bytes()).await?;
            stream.write_all(&answer).await?;
        }
    }

    async fn answer(&self, target: &str, body: &[u8]) -> (&'static str, Vec<u8>) {
        match target {
            "/" => ("text/html", std::fs::read(&self.page).unwrap()),
            "/sframe_worker.js" => {
                ("text/javascript", std::fs::read(self.page.with_file_name("sframe_worker.js")).unwrap())
            }
            "/poll" => {
                let mut news = Vec::new();
                if let Ok(Ok(first)) = tokio::time::timeout(POLL, self.to.recv()).await {
                    news.push(first);
                }
                while let Ok(next) = self.to.try_recv() {
                    news.push(next);
                }
                ("application/json", Value::Array(news).to_string().into_bytes())
            }
            "/say" => {
                let said: Vec<Value> = serde_json::from_slice(body).unwrap_or_default();
                for message in said {
                    if let Some(channel) = message["join"].as_str() {
                        (self.join)(channel);
                    } else if message.get("report").is_some() {
                        println!("{}", serde_json::json!({"event": "page", "report": message["report"]}));
                    } else {
                        let _ = self.from.send(message).await;
                    }
                }
                ("application/json", b"null".to_vec())
            }
            other => {
                let name = other.strip_prefix("/heard/").filter(|n| n.bytes().all(|b| b.is_ascii_alphanumeric()));
                if let Some(name) = name {
                    let path = self.heard.join(format!("{name}.s16"));
                    let mut file = std::fs::OpenOptions::new().create(true).append(true).open(path).unwrap();
                    std::io::Write::write_all(&mut file, body).unwrap();
                }
                ("application/json", b"null".to_vec())
            }
        }
    }
}
