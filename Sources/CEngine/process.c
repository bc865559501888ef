#include "wfp_process.h"

// Byte 0 of the text is the empty string.
static struct wfp_process process = {.text_used = 0};

struct wfp_process *wfp_process(void) {
  return &process;
}
