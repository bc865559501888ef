/* In C++ the bounded functions learn the size of an array by themselves, as Microsoft's do: part of ws2crt.h. */
#ifndef WFPSHIM_WS2CRTARRAYS_H
#define WFPSHIM_WS2CRTARRAYS_H

#if defined(__cplusplus)

template <size_t N>
inline errno_t strcpy_s(char (&to)[N], const char *from) {
  return strcpy_s(to, N, from);
}
template <size_t N>
inline errno_t strncpy_s(char (&to)[N], const char *from, size_t count) {
  return strncpy_s(to, N, from, count);
}
template <size_t N>
inline errno_t strcat_s(char (&to)[N], const char *from) {
  return strcat_s(to, N, from);
}
template <size_t N>
inline errno_t strncat_s(char (&to)[N], const char *from, size_t count) {
  return strncat_s(to, N, from, count);
}
template <size_t N>
inline int sprintf_s(char (&to)[N], const char *format, ...) {
  WS2_VARIADIC(vsprintf_s(to, N, format, arguments));
}
template <size_t N>
inline int vsprintf_s(char (&to)[N], const char *format, va_list arguments) {
  return vsprintf_s(to, N, format, arguments);
}
template <size_t N>
inline int _snprintf_s(char (&to)[N], size_t count, const char *format, ...) {
  WS2_VARIADIC(_vsnprintf_s(to, N, count, format, arguments));
}
template <size_t N>
inline int _vsnprintf_s(char (&to)[N], size_t count, const char *format, va_list arguments) {
  return _vsnprintf_s(to, N, count, format, arguments);
}
template <size_t N>
inline errno_t strerror_s(char (&to)[N], int error) {
  return strerror_s(to, N, error);
}
template <size_t N>
inline errno_t wcscpy_s(WCHAR (&to)[N], const WCHAR *from) {
  return wcscpy_s(to, N, from);
}
template <size_t N>
inline errno_t wcsncpy_s(WCHAR (&to)[N], const WCHAR *from, size_t count) {
  return wcsncpy_s(to, N, from, count);
}
template <size_t N>
inline errno_t wcscat_s(WCHAR (&to)[N], const WCHAR *from) {
  return wcscat_s(to, N, from);
}
template <size_t N>
inline int swprintf_s(WCHAR (&to)[N], const WCHAR *format, ...) {
  WS2_VARIADIC(vswprintf_s(to, N, format, arguments));
}
template <size_t N>
inline int vswprintf_s(WCHAR (&to)[N], const WCHAR *format, va_list arguments) {
  return vswprintf_s(to, N, format, arguments);
}
template <size_t N>
inline int _snwprintf_s(WCHAR (&to)[N], size_t count, const WCHAR *format, ...) {
  WS2_VARIADIC(_vsnwprintf_s(to, N, count, format, arguments));
}
template <size_t N>
inline int _vsnwprintf_s(WCHAR (&to)[N], size_t count, const WCHAR *format, va_list arguments) {
  return _vsnwprintf_s(to, N, count, format, arguments);
}

#endif

#endif
