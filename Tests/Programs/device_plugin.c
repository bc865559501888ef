/* A plug-in for WFPSHIM_DEVICES: the device \\.\Contoso of the driver ContosoCallout. Control codes: 1 echoes, 2 pends
 * until code 3 ends it, 4 says ERROR_MORE_DATA with half of it, others ERROR_INVALID_FUNCTION. Plain C, no Windows. */
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "wfp_device.h"

enum {
  INVALID_FUNCTION = 1,
  ACCESS_DENIED = 5,
  INSUFFICIENT_BUFFER = 122,
  MORE_DATA = 234,
  ABORTED = 995,
  PENDING = 997
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct wfp_device_request *waiting;
static int opened;

static uint32_t create(void *context, uint32_t access, void **file) {
  if (access == 0x10000000u) return ACCESS_DENIED;
  *file = context;
  __atomic_add_fetch(&opened, 1, __ATOMIC_SEQ_CST);
  return 0;
}

static void close_file(void *file) {
  (void)file;
  __atomic_sub_fetch(&opened, 1, __ATOMIC_SEQ_CST);
}

static uint32_t echo(struct wfp_device_request *request) {
  uint32_t count = request->in_size < request->out_size ? request->in_size : request->out_size;
  memcpy(request->out, request->in, count);
  request->bytes = count;
  return count < request->in_size ? INSUFFICIENT_BUFFER : 0;
}

static struct wfp_device_request *take(void) {
  pthread_mutex_lock(&lock);
  struct wfp_device_request *request = waiting;
  waiting = NULL;
  pthread_mutex_unlock(&lock);
  return request;
}

static uint32_t control(void *file, struct wfp_device_request *request) {
  struct wfp_device_request *other;
  (void)file;
  switch (request->code) {
    case 1:
      return echo(request);
    case 2:
      pthread_mutex_lock(&lock);
      waiting = request;
      pthread_mutex_unlock(&lock);
      return PENDING;
    case 3:
      other = take();
      if (other == NULL) return INVALID_FUNCTION;
      memcpy(other->out, "late", 4);
      other->complete(other, 0, 4);
      return 0;
    case 4:
      request->bytes = request->out_size / 2;
      return MORE_DATA;
    case 5:
      memcpy(request->out, &opened, sizeof opened);
      request->bytes = sizeof opened;
      return 0;
    case 6: /* ended before the callback returns */
      request->complete(request, 0, 7);
      return PENDING;
    default:
      return INVALID_FUNCTION;
  }
}

static uint32_t read_file(void *file, struct wfp_device_request *request) {
  uint32_t count = (uint32_t)strlen(file);
  if (request->out_size < count) count = request->out_size;
  memcpy(request->out, file, count);
  request->bytes = count;
  return 0;
}

static void cancel(void *file, struct wfp_device_request *request) {
  (void)file;
  if (take() == request) request->complete(request, ABORTED, 0);
}

const struct wfp_device_list *wfp_devices(void) {
  static const struct wfp_device devices[] = {
      {"Contoso", "ContosoCallout", "contoso", create, close_file, control, read_file, NULL, cancel},
      {"Plain", NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL},
  };
  static const struct wfp_device_list list = {WFP_DEVICE_VERSION, 2, devices};
  return &list;
}
