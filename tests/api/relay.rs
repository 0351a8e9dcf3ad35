//! A relay of TCP connections that can be cut: what lies behind it is then down, without that anything is stopped.

use std::io;
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// The relay. It lives as long as the process.
#[derive(Clone)]
pub struct Relay {
    /// Where it listens.
    pub address: SocketAddr,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    down: bool,
    streams: Vec<TcpStream>,
}

impl Relay {
    /// A relay to `target`.
    pub fn to(target: SocketAddr) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let relay = Self { address: listener.local_addr().expect("its address"), state: Arc::default() };
        let state = relay.state.clone();
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                let mut state = state.lock().expect("the state");
                if state.down {
                    continue; // dropped, which closes it
                }
                let far = TcpStream::connect(target).expect("the target");
                for (from, to) in [(&near, &far), (&far, &near)] {
                    state.streams.push(from.try_clone().expect("a stream"));
                    pump(from.try_clone().expect("a stream"), to.try_clone().expect("a stream"));
                }
            }
        });
        relay
    }

    /// Cuts all connections and takes no new ones.
    pub fn cut(&self) {
        let mut state = self.state.lock().expect("the state");
        state.down = true;
        state.streams.drain(..).for_each(|stream| drop(stream.shutdown(Shutdown::Both)));
    }

    /// Takes connections again.
    pub fn mend(&self) {
        self.state.lock().expect("the state").down = false;
    }
}

fn pump(mut from: TcpStream, mut to: TcpStream) {
    std::thread::spawn(move || {
        let _cut = io::copy(&mut from, &mut to);
        let _ended_already = to.shutdown(Shutdown::Both);
    });
}
