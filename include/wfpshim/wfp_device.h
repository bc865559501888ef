/* Devices for CreateFile and DeviceIoControl. A Windows redirect service speaks to its driver through a device,
 * `\\.\NAME`. Here a shared library stands for the driver: the environment variable WFPSHIM_DEVICES names one or more,
 * with ':' between, and each exports
 *
 *   const struct wfp_device_list *wfp_devices(void);
 *
 * which libws2_32.so calls once, when the program first opens a device or a service. What it returns stays as long as
 * the process. Errors are Windows' numbers: 0 is success, 2 ERROR_FILE_NOT_FOUND, 997 ERROR_IO_PENDING.
 * Callbacks come on any thread, several at a time. */
#ifndef WFPSHIM_WFP_DEVICE_H
#define WFPSHIM_WFP_DEVICE_H

#include <stddef.h>
#include <stdint.h>

#if defined(__cplusplus)
extern "C" {
#endif

#define WFP_DEVICE_VERSION 1u

/* One DeviceIoControl, ReadFile or WriteFile. It stays until it is completed, and so do its buffers. */
struct wfp_device_request {
  uint32_t code; /* of DeviceIoControl; 0 for read and write */
  const void *in;
  void *out;
  uint32_t in_size;  /* bytes */
  uint32_t out_size; /* bytes */
  uint32_t bytes;    /* what a callback that has ended the request tells: bytes at out (of in for a write) */
  /* Ends a request whose callback has returned ERROR_IO_PENDING, once, from any thread: also before the callback has
   * returned. */
  void (*complete)(struct wfp_device_request *request, uint32_t error, uint32_t bytes);
  void *library; /* libws2_32.so's own */
};

struct wfp_device {
  const char *name;    /* NAME of \\.\NAME; upper and lower case are alike */
  const char *service; /* the driver's service, for OpenService; NULL: none */
  void *context;       /* for `create` */
  /* Opens the device: `*file` is handed to the others. NULL: always succeeds. */
  uint32_t (*create)(void *context, uint32_t access, void **file);
  /* The last handle is closed, and no request is under way. May be NULL. */
  void (*close)(void *file);
  /* Returns an error when the request has ended, or ERROR_IO_PENDING (997). NULL: ERROR_INVALID_FUNCTION. */
  uint32_t (*device_io_control)(void *file, struct wfp_device_request *request);
  uint32_t (*read)(void *file, struct wfp_device_request *request);
  uint32_t (*write)(void *file, struct wfp_device_request *request);
  /* The program wants a pending request back: it is to be completed, with ERROR_OPERATION_ABORTED (995) as a rule. May
   * be NULL. */
  void (*cancel)(void *file, struct wfp_device_request *request);
};

struct wfp_device_list {
  uint32_t version; /* WFP_DEVICE_VERSION */
  uint32_t count;
  const struct wfp_device *devices;
};

const struct wfp_device_list *wfp_devices(void);

#if defined(__cplusplus)
}
#endif

#endif
