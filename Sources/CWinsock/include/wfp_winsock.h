/* What Swift cannot say itself: Winsock's public declarations, per-thread state, variadic system calls, and the
 * error table. The C layer has no opinion: it forwards and returns. */
#ifndef WFP_WINSOCK_H
#define WFP_WINSOCK_H

#include <stdbool.h>
#include <sys/select.h>
#undef FD_SETSIZE          /* glibc's, which its module shows here */
#define WS2_PLAIN_POINTERS /* Swift implements the functions with the types that the ABI has */
#include "../../../include/wfpshim/winsock2.h"
#include "../../../include/wfpshim/ws2tcpip.h"
#include "../../../include/wfpshim/mstcpip.h"
#include "../../../include/wfpshim/mswsock.h"
#include "../../../include/wfpshim/windows.h"
#include "../../../include/wfpshim/ws2spi.h"
#include "../../../include/wfpshim/fwpmu.h"

/* The rows of wsaerror.def, for the translation, gai_strerrorA, the tests and the documentation. */
struct ws2_error_row {
  const char *_Nonnull name;
  int value;
  const char *_Nonnull meaning;
};
struct ws2_errno_row {
  int number; /* errno */
  int value;  /* Windows */
};
int ws2_error_row_count(void);
int ws2_errno_row_count(void);
struct ws2_error_row ws2_error_row_at(int index);
struct ws2_errno_row ws2_errno_row_at(int index);
const char *_Nonnull ws2_error_meaning(int error);

/* The Windows error for an errno; WSASYSCALLFAILURE for one that no row names. */
int ws2_error_from_errno(int number);

/* Per-thread state, which Swift has no word for. */
int ws2_last_error(void);
void ws2_set_last_error(int error);
int ws2_callback_depth(void);
void ws2_add_callback_depth(int change);
/* The provider whose procedure the thread is in; NULL: none. */
void *_Nullable ws2_provider(void);
void ws2_set_provider(void *_Nullable provider);

/* How often this process has come out of fork() as the child: descriptors' waiters of the parent do not exist here. */
unsigned int ws2_fork_count(void);

/* One lock for the objects behind handles; fork() leaves it free in the child. */
void ws2_lock(void);
void ws2_unlock(void);

static inline int ws2_errno(void) { return errno; }

/* ioctl is variadic. It must stay a call of libc's symbol: the preload answers it. */
static inline int ws2_ioctl(int fd, unsigned long code, void *_Nullable argument) { return ioctl(fd, code, argument); }
static inline unsigned int ws2_redirect_is_pending(void) { return WFPSHIM_REDIRECT_IS_PENDING; }
int ws2_descriptor_flags(int fd);                /* fcntl(F_GETFL) */
int ws2_set_descriptor_flags(int fd, int flags); /* fcntl(F_SETFL) */

/* FUTEX_WAKE_OP with OR 0: 0 when the aligned word can be written; it keeps its value. */
int ws2_judge_write(void *_Nullable word);
/* FUTEX_CMP_REQUEUE: 0 when the aligned word can be read. */
int ws2_judge_read(const void *_Nullable word);
/* Whether the bytes lie between this call's frame and the end of the thread's stack, where memory is mapped and can be
 * written: they need no judge. */
int ws2_is_on_stack(const void *_Nullable at, size_t size);
int ws2_populate_write(void *_Nonnull page, size_t size);

/* Waits while *word is expected, at most milliseconds (negative: for ever). */
void ws2_futex_wait(unsigned int *_Nonnull word, unsigned int expected, long long milliseconds);
void ws2_futex_wake(unsigned int *_Nonnull word);
static inline void ws2_word_store(unsigned int *_Nonnull word, unsigned int value) {
  __atomic_store_n(word, value, __ATOMIC_SEQ_CST);
}

/* A lock for a few instructions, one word each. The word also says in which fork it was taken, so that the child of a
 * fork() finds it free. */
void ws2_word_lock(unsigned int *_Nonnull word);
void ws2_word_unlock(unsigned int *_Nonnull word);

/* One pointer per thread; `ended` is called with it when the thread ends. */
void *_Nullable ws2_thread_record(void);
void ws2_set_thread_record(void *_Nullable record, void (*_Nonnull ended)(void *_Nullable));

/* The status block of an OVERLAPPED. A program may look at it from any thread, and may free it when it is no longer
 * pending: the status is the last word written, and `flags` has its place in Offset, which sockets do not use. */
static inline void ws2_mark_pending(LPWSAOVERLAPPED _Nonnull overlapped) {
  __atomic_store_n(&overlapped->Internal, (ULONG_PTR)STATUS_PENDING, __ATOMIC_RELAXED);
}
static inline void ws2_publish_status(LPWSAOVERLAPPED _Nonnull overlapped, DWORD status, ULONG_PTR count, DWORD flags) {
  overlapped->Offset = flags;
  overlapped->InternalHigh = count;
  __atomic_store_n(&overlapped->Internal, (ULONG_PTR)status, __ATOMIC_SEQ_CST);
}
static inline DWORD ws2_status_of(LPWSAOVERLAPPED _Nonnull overlapped) {
  return (DWORD)__atomic_load_n(&overlapped->Internal, __ATOMIC_ACQUIRE);
}

/* The rows of ntstatus.def: what an OVERLAPPED or a packet says, in each language. An error that no row has is wrapped,
 * as NT wraps Win32 errors: 0xC0070000 plus its number. */
DWORD ws2_status_from_error(int error);
int ws2_error_from_status(DWORD status);
DWORD ws2_win32_from_status(DWORD status);

/* epoll descriptors. A socket is watched for one report, or added for all, with a token. */
#define WS2_READABLE 1u
#define WS2_WRITABLE 2u
/* The parts of WS2_READABLE: data or its end, urgent data, the end alone. */
#define WS2_INPUT 4u
#define WS2_URGENT 8u
#define WS2_HANGUP 16u
#define WS2_REPORTS 64
struct ws2_report {
  unsigned long long token;
  unsigned int events; /* WS2_READABLE, WS2_WRITABLE */
};
int ws2_poll_make(void);
/* 0, or -1 with errno. */
int ws2_poll_watch(int poll, int fd, unsigned int events, unsigned long long token);
/* Reports every change of the socket from now on, and what it is ready for already. 0, or -1 with errno. */
int ws2_poll_add(int poll, int fd, unsigned int events, unsigned long long token);
void ws2_poll_forget(int poll, int fd);
/* A descriptor that wakes one of those who wait for `poll`, with the token, whenever it is rung; -1 with errno. */
int ws2_poll_make_bell(int poll, unsigned long long token);
void ws2_ring(int bell);
/* Waits for reports, at most WS2_REPORTS; -1 with errno. Negative milliseconds are for ever. */
int ws2_poll_take(int poll, struct ws2_report *_Nonnull reports, int count, int milliseconds);
/* The same for the thread of ws2_start_helper: while it waits the program may fork. */
int ws2_poll_take_as_helper(int poll, struct ws2_report *_Nonnull reports, int count, int milliseconds);

/* The completion port from which the thread has taken a packet last. */
const void *_Nullable ws2_own_port(void);
void ws2_set_own_port(const void *_Nullable port);

/* accept4 and eventfd, which need _GNU_SOURCE. */
int ws2_accept4(int fd, struct sockaddr *_Nullable name, socklen_t *_Nullable size, int flags);
int ws2_make_cancel_descriptor(void);

/* Enumerators and macros that Swift does not import as Int32. */
static inline int ws2_socket_stream(void) { return SOCK_STREAM; }
static inline int ws2_socket_datagram(void) { return SOCK_DGRAM; }
static inline int ws2_socket_raw(void) { return SOCK_RAW; }
static inline int ws2_close_on_exec(void) { return SOCK_CLOEXEC; }
static inline int ws2_accept_non_blocking(void) { return SOCK_NONBLOCK; }
static inline int ws2_protocol_tcp(void) { return IPPROTO_TCP; }
static inline int ws2_protocol_ip(void) { return IPPROTO_IP; }
static inline int ws2_protocol_ipv6(void) { return IPPROTO_IPV6; }
static inline int ws2_no_signal(void) { return MSG_NOSIGNAL; }
static inline int ws2_poll_hang_up(void) { return 0x2000; } /* POLLRDHUP, which needs _GNU_SOURCE */
static inline int ws2_dont_wait(void) { return MSG_DONTWAIT; }

/* Linux takes only whole descriptors: the connection `made` becomes the descriptor `number`, which keeps its
 * close-on-exec flag, and `made` is closed in any case, unseen by the preload, for which it would be the end of the
 * connection. 0, or -1 with errno. */
int ws2_take_number(int made, int number);
int ws2_duplicate(int fd); /* fcntl(F_DUPFD_CLOEXEC) */
/* The local address that a datagram to `to` would have; nobody redirects this one. 0, or -1 with errno. */
int ws2_source_for(const struct sockaddr *_Nonnull to, socklen_t size, struct sockaddr_storage *_Nonnull from);
/* The bytes of all queued datagrams, where FIONREAD tells of the first; -1 with errno. Not to be called by two threads
 * at a time for one socket. */
long ws2_datagram_backlog(int fd);
/* 0, or -1 with errno. */
int ws2_tcp_info(int fd, TCP_INFO_v1 *_Nonnull info);
/* The address of an extension function; NULL for an identifier of none. */
void *_Nullable ws2_extension_function(const GUID *_Nonnull identifier, BOOL takes_windows_callbacks);

/* The extensions that Windows exports from nowhere. */
BOOL ws2_ConnectEx(SOCKET s, const struct sockaddr *_Nullable name, int namelen, PVOID _Nullable lpSendBuffer,
                   DWORD dwSendDataLength, DWORD *_Nullable lpdwBytesSent, LPOVERLAPPED _Nullable lpOverlapped);
BOOL ws2_DisconnectEx(SOCKET s, LPOVERLAPPED _Nullable lpOverlapped, DWORD dwFlags, DWORD dwReserved);
BOOL ws2_TransmitPackets(SOCKET s, LPTRANSMIT_PACKETS_ELEMENT _Nullable lpPacketArray, DWORD nElementCount,
                         DWORD nSendSize, LPOVERLAPPED _Nullable lpOverlapped, DWORD dwFlags);
int ws2_WSARecvMsg(SOCKET s, LPWSAMSG _Nullable lpMsg, DWORD *_Nullable lpdwNumberOfBytesRecvd,
                   LPWSAOVERLAPPED _Nullable lpOverlapped,
                   LPWSAOVERLAPPED_COMPLETION_ROUTINE _Nullable lpCompletionRoutine);
int ws2_ms_WSARecvMsg(SOCKET s, LPWSAMSG _Nullable lpMsg, DWORD *_Nullable lpdwNumberOfBytesRecvd,
                      LPWSAOVERLAPPED _Nullable lpOverlapped,
                      LPWSAOVERLAPPED_COMPLETION_ROUTINE _Nullable lpCompletionRoutine);

static const DWORD ws2_SIO_BSP_HANDLE = SIO_BSP_HANDLE;
static const DWORD ws2_SIO_BSP_HANDLE_SELECT = SIO_BSP_HANDLE_SELECT;
static const DWORD ws2_SIO_BSP_HANDLE_POLL = SIO_BSP_HANDLE_POLL;
static const DWORD ws2_SIO_GET_EXTENSION_FUNCTION_POINTER = SIO_GET_EXTENSION_FUNCTION_POINTER;
static const DWORD ws2_SIO_GET_BROADCAST_ADDRESS = SIO_GET_BROADCAST_ADDRESS;
static const DWORD ws2_SIO_ROUTING_INTERFACE_QUERY = SIO_ROUTING_INTERFACE_QUERY;
static const DWORD ws2_SIO_ADDRESS_LIST_QUERY = SIO_ADDRESS_LIST_QUERY;
static const DWORD ws2_SIO_TCP_INFO = SIO_TCP_INFO;
static const DWORD ws2_SIO_FLUSH = SIO_FLUSH;
static const DWORD ws2_SIO_KEEPALIVE_VALS = SIO_KEEPALIVE_VALS;
static const DWORD ws2_SIO_BASE_HANDLE = SIO_BASE_HANDLE;
static const DWORD ws2_SIO_UDP_CONNRESET = SIO_UDP_CONNRESET;
static const DWORD ws2_SIO_UDP_NETRESET = SIO_UDP_NETRESET;
static const DWORD ws2_SIO_LOOPBACK_FAST_PATH = SIO_LOOPBACK_FAST_PATH;

/* Starts a thread that is not joined; 0 or errno. */
int ws2_start_thread(size_t stack_size, void *_Nullable (*_Nonnull start)(void *_Nullable), void *_Nullable argument);
/* The one thread of the library's: no signal is handled there, and no fork happens while it works. */
int ws2_start_helper(void *_Nullable (*_Nonnull start)(void *_Nullable));
int ws2_thread_identifier(void);
/* Runs the body and gives its result, or what ws2_exit_thread was told meanwhile by this thread. Elsewhere that ends
 * the thread by pthread_exit. */
DWORD ws2_run_thread(DWORD (*_Nonnull body)(void *_Nonnull), void *_Nonnull argument);
bool ws2_thread_is_run(void);
DECLSPEC_NORETURN void ws2_exit_thread(DWORD code);
int ws2_make_recursive_mutex(void *_Nonnull mutex);
int ws2_mutex_lock(void *_Nonnull mutex);
int ws2_mutex_trylock(void *_Nonnull mutex);
int ws2_mutex_unlock(void *_Nonnull mutex);
int ws2_mutex_destroy(void *_Nonnull mutex);

#endif
