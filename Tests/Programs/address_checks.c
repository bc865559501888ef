/* The address helpers of mstcpip.h and ws2ipdef.h, and tchar.h in either character set. Prints what is not so. */
#include <winsock2.h>
#include <ws2tcpip.h>
#include <mstcpip.h>
#include <windows.h>
#include <tchar.h>
#include <stdio.h>
#include <string.h>

static int failures;
static void check(int is_so, int line, const char *what) {
  if (!is_so) printf("line %d: %s\n", line, what), failures++;
}
#define CHECK(condition) check((condition) != 0, __LINE__, #condition)

static IN_ADDR v4(const char *text) {
  IN_ADDR address;
  inet_pton(AF_INET, text, &address);
  return address;
}

static IN6_ADDR v6(const char *text) {
  IN6_ADDR address;
  inet_pton(AF_INET6, text, &address);
  return address;
}

static void version4(void) {
  SOCKADDR_IN address, other;
  IN_ADDR loopback = v4("127.0.0.1"), far_one = v4("192.0.2.1"), private_one = v4("172.31.0.9"),
          outside = v4("172.32.0.9");
  IN_ADDR group = v4("239.1.2.3"), link = v4("169.254.7.7"), all = v4("255.255.255.255"), ten = v4("10.0.0.1");
  memset(&address, 0xff, sizeof(address));
  IN4ADDR_SETLOOPBACK(&address);
  CHECK(address.sin_family == AF_INET && address.sin_port == 0 && address.sin_addr.s_addr == IN4ADDR_LOOPBACK);
  CHECK(IN4ADDR_ISLOOPBACK(&address) && !IN4ADDR_ISANY(&address) && IN4_IS_ADDR_LOOPBACK(&loopback));
  IN4ADDR_SETANY(&other);
  CHECK(IN4ADDR_ISANY(&other) && IN4ADDR_ISUNSPECIFIED(&other) && !IN4ADDR_ISEQUAL(&address, &other));
  IN4ADDR_SETSOCKADDR(&other, &far_one, htons(80));
  CHECK(other.sin_addr.S_un.S_un_b.s_b1 == 192 && other.sin_port == htons(80) && SS_PORT(&other) == htons(80));
  CHECK(IN4_IS_ADDR_RFC1918(&private_one) && IN4_IS_ADDR_RFC1918(&ten) && !IN4_IS_ADDR_RFC1918(&outside));
  CHECK(IN4_IS_ADDR_MULTICAST(&group) && IN4_IS_ADDR_LINKLOCAL(&link) && IN4_IS_ADDR_BROADCAST(&all));
  CHECK(!IN4_IS_ADDR_MULTICAST(&far_one) && !IN4_IS_ADDR_LINKLOCAL(&far_one) && !IN4_IS_ADDR_BROADCAST(&far_one));
  CHECK(IN4_ADDR_EQUAL(&loopback, &address.sin_addr) && !IN4_IS_ADDR_UNSPECIFIED(&loopback));
}

static void version6(void) {
  SOCKADDR_IN6 address, other;
  IN6_ADDR any = v6("::"), loopback = v6("::1"), link = v6("fe80::1"), site = v6("fec0::1"), group = v6("ff02::1");
  IN6_ADDR mapped = v6("::ffff:192.0.2.1"), made;
  IN_ADDR host = v4("192.0.2.1");
  SCOPE_ID scope;
  scope.Value = 3;
  CHECK(IN6_IS_ADDR_UNSPECIFIED(&any) && IN6_IS_ADDR_LOOPBACK(&loopback) && IN6_IS_ADDR_LINKLOCAL(&link));
  CHECK(IN6_IS_ADDR_SITELOCAL(&site) && IN6_IS_ADDR_MULTICAST(&group) && IN6_IS_ADDR_V4MAPPED(&mapped));
  CHECK(!IN6_IS_ADDR_V4MAPPED(&link) && !IN6_IS_ADDR_LINKLOCAL(&site) && IN6_ADDR_EQUAL(&any, &in6addr_any));
  IN6_SET_ADDR_V4MAPPED(&made, &host);
  CHECK(IN6_ADDR_EQUAL(&made, &mapped) && memcmp(IN6_GET_ADDR_V4MAPPED(&made), &host, 4) == 0);
  IN6_SET_ADDR_LOOPBACK(&made);
  CHECK(IN6_ADDR_EQUAL(&made, &in6addr_loopback));
  IN6ADDR_SETLOOPBACK(&address);
  CHECK(IN6ADDR_ISLOOPBACK(&address) && !IN6ADDR_ISANY(&address) && address.sin6_family == AF_INET6);
  IN6ADDR_SETANY(&address);
  CHECK(IN6ADDR_ISANY(&address) && !IN6ADDR_ISLOOPBACK(&address));
  IN6ADDR_SETV4MAPPED(&address, &host, scope, htons(443));
  CHECK(IN6ADDR_ISV4MAPPED(&address) && address.sin6_scope_id == 3 && address.sin6_port == htons(443));
  IN6ADDR_SETSOCKADDR(&other, &mapped, scope, htons(443));
  CHECK(IN6ADDR_ISEQUAL(&address, &other) && address.sin6_addr.u.Byte[12] == 192);
  other.sin6_scope_id = 4;
  CHECK(!IN6ADDR_ISEQUAL(&address, &other));
}

static void either(void) {
  SOCKADDR_INET address, other;
  PSOCKADDR name = (PSOCKADDR)&address, other_name = (PSOCKADDR)&other;
  IN6_ADDR link = v6("fe80::1");
  SCOPE_ID scope;
  int families[2] = {AF_INET, AF_INET6};
  int index;
  scope.Value = 7;
  for (index = 0; index < 2; index++) {
    memset(&address, 0, sizeof(address));
    address.si_family = other.si_family = (ADDRESS_FAMILY)families[index];
    INETADDR_SETLOOPBACK(name);
    CHECK(INETADDR_ISLOOPBACK(name) && !INETADDR_ISANY(name) && !INETADDR_ISV4MAPPED(name));
    INETADDR_SET_PORT(name, htons(8080));
    CHECK(INETADDR_PORT(name) == htons(8080) && name->sa_family == families[index]);
    CHECK(INETADDR_ADDRESS(name)[index == 0 ? 0 : 15] == (index == 0 ? 127 : 1));
    INETADDR_SETANY(other_name);
    CHECK(INETADDR_ISUNSPECIFIED(other_name) && !INETADDR_ISEQUAL(name, other_name));
    other = address;
    CHECK(INETADDR_ISEQUAL(name, other_name));
  }
  INETADDR_SETSOCKADDR(AF_INET6, name, &link, scope, htons(1));
  CHECK(INETADDR_SCOPE_ID(name).Value == 7 && IN6_ADDR_EQUAL(&address.Ipv6.sin6_addr, &link));
  address.si_family = AF_INET;
  CHECK(INETADDR_SCOPE_ID(name).Value == 0 && !INETADDR_ISEQUAL(name, other_name));
}

int _tmain(void) {
  WSADATA data;
  TCHAR text[8];
  _TCHAR other[8];
  CHECK(WSAStartup(WINSOCK_VERSION, &data) == 0);
  version4();
  version6();
  either();
  CHECK(_tcscpy_s(text, _countof(text), _T("abc")) == 0 && _tcslen(text) == 3 && _tcsicmp(text, _TEXT("ABC")) == 0);
  CHECK(_stprintf_s(other, _countof(other), TEXT("%d%s"), 12, text) == 5 && _tcscmp(other, _T("12abc")) == 0);
  CHECK(_tcsrchr(other, _T('a')) == other + 2 && _ttoi(other) == 12 && sizeof(TCHAR) == sizeof(_T("")));
  return failures != 0;
}
