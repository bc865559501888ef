// With -fshort-wchar: <wchar.h>, std::wstring and the bounded functions on characters of 16 bits. Prints what is not so.
#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include <windows.h>
#include <tchar.h>
#include <stdio.h>
#include <stdlib.h>
#include <wchar.h>

static int failures;
static void check(bool is_so, int line, const char *what) {
  if (!is_so) printf("line %d: %s\n", line, what), failures++;
}
#define CHECK(condition) check((condition), __LINE__, #condition)

static_assert(sizeof(L"ab") == 6 && sizeof(WCHAR) == 2, "a wide literal has WCHARs");

static void functions() {
  wchar_t text[16] = L"abc", *context = nullptr, *end = nullptr;
  const wchar_t *const name = L"key=value";
  CHECK(wcslen(L"12345") == 5 && wcscmp(L"a", L"b") < 0 && wcsncmp(L"abX", L"abY", 2) == 0);
  CHECK(wcschr(name, L'=') == name + 3 && wcsrchr(L"a\\b", L'\\') != nullptr && wcsstr(name, L"val") == name + 4);
  CHECK(wcspbrk(name, L"=v") == name + 3 && wcsspn(name, L"yek") == 3 && wcscspn(name, L"=") == 3);
  CHECK(wcscmp(wcscat(wcscpy(text, L"one"), L"two"), L"onetwo") == 0 && wcscmp(wcsncat(text, L"three", 2), L"onetwoth") == 0);
  CHECK(wmemcmp(wmemset(text, L'x', 3), L"xxxtwo", 6) == 0 && wmemchr(text, L't', 6) == text + 3);
  CHECK(wcsncpy(text, L"ab", 5)[4] == 0 && wcsnlen(L"abc", 2) == 2 && wcscmp(wmemmove(text + 1, text, 3), L"ab") == 0);
  CHECK(wcstol(L"-42 rest", &end, 10) == -42 && wcscmp(end, L" rest") == 0 && wcstoul(L"ff", nullptr, 16) == 255);
  CHECK(wcstod(L"2.5", nullptr) == 2.5 && _wtoi(L" 17") == 17 && wcstoull(L"18446744073709551615", nullptr, 10) == ~0ULL);
  wcscpy(text, L",a,b");
  CHECK(wcscmp(wcstok_s(text, L",", &context), L"a") == 0 && wcscmp(wcstok_s(nullptr, L",", &context), L"b") == 0);
  CHECK(wcstok_s(nullptr, L",", &context) == nullptr && _wcsicmp(L"HOST", L"host") == 0 && _wcsnicmp(L"HOme", L"hoST", 2) == 0);
}

static void bounded() {
  wchar_t text[8];
  CHECK(wcscpy_s(text, L"1234567") == 0 && wcscpy_s(text, L"12345678") == ERANGE && text[0] == 0);
  CHECK(wcsncpy_s(text, 8, L"1234567890", _TRUNCATE) == STRUNCATE && wcslen(text) == 7);
  CHECK(wcscpy_s(text, 8, L"abc") == 0 && wcscat_s(text, L"def") == 0 && wcscmp(text, L"abcdef") == 0);
  CHECK(swprintf_s(text, L"%d", 1234567) == 7 && swprintf_s(text, L"%d", 12345678) == -1 && text[0] == 0);
  CHECK(_snwprintf_s(text, _TRUNCATE, L"%s", L"1234567890") == -1 && wcscmp(text, L"1234567") == 0);
  CHECK(swprintf(text, 8, L"%ls%hs%c", L"ab", "cd", L'e') == 5 && wcscmp(text, L"abcde") == 0);
  char narrow[4];
  CHECK(strcpy_s(narrow, "abc") == 0 && strcat_s(narrow, "d") == ERANGE && sprintf_s(narrow, "%d", 123) == 3);
}

static void conversions() {
  wchar_t wide[16];
  char narrow[16];
  CHECK(mbstowcs(wide, "\xc3\x84\xf0\x9f\x98\x80", 16) == 3 && wide[0] == 0xc4 && wide[1] == 0xd83d && wide[2] == 0xde00);
  CHECK(wcstombs(narrow, wide, 16) == 6 && std::string(narrow) == "\xc3\x84\xf0\x9f\x98\x80");
  CHECK(mbstowcs(nullptr, "abc", 0) == 3 && mbstowcs(wide, "\xff", 16) == 1 && wide[0] == 0xfffd);
  wide[0] = 0xd800; // half of a pair
  CHECK(wcstombs(narrow, wide, 16) == 3 && std::string(narrow) == "\xef\xbf\xbd");
}

static void strings() {
  std::wstring text(L"a name that is too long for the object itself");
  std::map<std::wstring, int> sizes;
  sizes[text] = static_cast<int>(text.size());
  CHECK(text.size() == 45 && text.find(L"too") == 15 && text.substr(2, 4) == L"name" && sizes[text] == 45);
  text.append(L", and ").append(text, 0, 6);
  text.replace(0, 1, L"The").insert(3, L" one");
  CHECK(text == L"The one name that is too long for the object itself, and a name");
  CHECK(text.rfind(L"name") == 59 && text.compare(0, 3, L"The") == 0 && text.find_first_of(L"xyz") == std::wstring::npos);
  text.erase(7).resize(9, L'!');
  CHECK(text == L"The one!!" && std::to_wstring(-5) == L"-5" && std::stoi(std::wstring(L"42")) == 42);
  std::vector<std::wstring> names = {L"b", L"c", L"a"};
  std::sort(names.begin(), names.end());
  CHECK(names[0] == L"a" && std::wstring(3, L'z') + L"!" == L"zzz!" && (text + L'?').back() == L'?');
  std::wostringstream stream; // text only: docs/porting.md
  stream << L"The " << std::wstring(L"end");
  CHECK(stream.str() == L"The end");
}

int wmain(int argc, wchar_t *argv[], wchar_t *environment[]) {
  bool has_name = false;
  for (wchar_t **entry = environment; *entry != nullptr; entry++) has_name = has_name || wcscmp(*entry, L"NAME=\u4e2d") == 0;
  CHECK(argc == 2 && wcscmp(argv[1], L"\u00c4\U0001f600") == 0 && argv[2] == nullptr && has_name);
  functions();
  bounded();
  conversions();
  strings();
  wprintf(L"%s|%S|%5.2f|%c\n", argv[1], "narrow", 3.14159, L'\u00e9');
  fputws(L"\u4e2d", stdout);
  return failures != 0;
}
