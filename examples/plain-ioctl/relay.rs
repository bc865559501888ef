//! A redirect service in Rust over plain ioctl(2): `relay HOST PORT`, under the preload; `rustc -O relay.rs`. Its
//! provider's context is [ {sockaddr_storage: remote} ]: where the application wanted to go.
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::raw::{c_int, c_ulong, c_void};
use std::os::unix::io::{AsRawFd, FromRawFd, RawFd};
use std::{mem, ptr, thread};

const QUERY_RECORDS: c_ulong = 0x980000DC;
const QUERY_CONTEXT: c_ulong = 0x980000DD;
const SET_RECORDS: c_ulong = 0x980000DE;
const AF_INET: c_int = 2;
const AF_INET6: c_int = 10;
const SOCK_STREAM: c_int = 1;
const SOCK_CLOEXEC: c_int = 0o2000000;

/// struct wfp_ioctl of wfpshim/wfp_ioctl.h.
#[repr(C)]
struct Request {
    input: *const c_void,
    output: *mut c_void,
    in_size: u32,
    out_size: u32,
    bytes_returned: u32,
    reserved: u32,
}
const _: () = assert!(mem::size_of::<Request>() == 2 * mem::size_of::<*const c_void>() + 16);

extern "C" {
    fn ioctl(fd: c_int, code: c_ulong, ...) -> c_int;
    fn socket(family: c_int, kind: c_int, protocol: c_int) -> c_int;
    fn connect(fd: c_int, address: *const c_void, size: u32) -> c_int;
}

fn control(fd: RawFd, code: c_ulong, given: &[u8], room: usize) -> io::Result<Vec<u8>> {
    let mut out = vec![0u8; room];
    let mut request = Request {
        input: if given.is_empty() { ptr::null() } else { given.as_ptr().cast() },
        output: if room == 0 { ptr::null_mut() } else { out.as_mut_ptr().cast() },
        in_size: given.len() as u32,
        out_size: room as u32,
        bytes_returned: 0,
        reserved: 0,
    };
    if unsafe { ioctl(fd, code, &mut request) } != 0 {
        return Err(io::Error::last_os_error());
    }
    out.truncate(request.bytes_returned as usize);
    Ok(out)
}

/// The address in a sockaddr_storage.
fn destination(context: &[u8]) -> Option<SocketAddr> {
    let family = u16::from_ne_bytes(context.get(..2)?.try_into().ok()?);
    let port = u16::from_be_bytes(context.get(2..4)?.try_into().ok()?);
    let ip = if i32::from(family) == AF_INET {
        IpAddr::V4(Ipv4Addr::from(<[u8; 4]>::try_from(context.get(4..8)?).ok()?))
    } else {
        IpAddr::V6(Ipv6Addr::from(<[u8; 16]>::try_from(context.get(8..24)?).ok()?))
    };
    Some(SocketAddr::new(ip, port))
}

fn copy(mut source: &TcpStream, mut target: &TcpStream) {
    let mut data = [0u8; 65536];
    while let Ok(count @ 1..) = source.read(&mut data) {
        if target.write_all(&data[..count]).is_err() {
            break;
        }
    }
    let _ = target.shutdown(Shutdown::Write);
}

fn serve(client: TcpStream) -> io::Result<()> {
    let records = control(client.as_raw_fd(), QUERY_RECORDS, &[], 4160)?;
    let context = control(client.as_raw_fd(), QUERY_CONTEXT, &[], 128)?;
    let address = destination(&context).ok_or_else(|| io::Error::from(io::ErrorKind::InvalidData))?;
    let family = if address.is_ipv4() { AF_INET } else { AF_INET6 };
    let fd = unsafe { socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    let server = unsafe { TcpStream::from_raw_fd(fd) };
    control(fd, SET_RECORDS, &records, 0)?; // before connect: whose connection it continues
    if unsafe { connect(fd, context.as_ptr().cast(), context.len() as u32) } != 0 {
        return Err(io::Error::last_os_error());
    }
    println!("relaying to {} port {}", address.ip(), address.port());
    thread::scope(|scope| {
        scope.spawn(|| copy(&server, &client));
        copy(&client, &server);
    });
    Ok(())
}

fn main() -> io::Result<()> {
    let words: Vec<String> = std::env::args().collect();
    if words.len() != 3 {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "usage: relay HOST PORT"));
    }
    let listener = TcpListener::bind(format!("{}:{}", words[1], words[2]))?;
    println!("listening {}", listener.local_addr()?.port());
    for client in listener.incoming().flatten() {
        thread::spawn(|| serve(client).unwrap_or_else(|error| eprintln!("not relayed: {error}")));
    }
    Ok(())
}
