#define _GNU_SOURCE
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "table.h"

#define PAGE 4096u

static int is(const struct place *place, const char *name) { return strcmp(place->name, name) == 0; }

// A shared mapping of a file of `length` bytes.
static void *map_shared(void *at, size_t size, size_t length) {
  int fd = memfd_create("place", MFD_CLOEXEC);
  if (fd < 0 || ftruncate(fd, (off_t)length) != 0) return MAP_FAILED;
  void *mapped = mmap(at, size, PROT_READ | PROT_WRITE, MAP_SHARED | (at ? MAP_FIXED : 0), fd, 0);
  close(fd);
  return mapped;
}

static int map_pages(struct place *place, size_t pages) {
  place->mapping_size = pages * PAGE;
  place->mapping =
      mmap(NULL, place->mapping_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return place->mapping == MAP_FAILED ? -1 : 0;
}

// Pages of the argument, if it begins at a page.
static size_t pages_of(const struct place *place) { return (place->size + PAGE - 1) / PAGE + (place->size == 0); }

// Bytes of the argument that stand before the boundary of the straddling places.
static size_t before(const struct place *place) { return (place->size / 2 + 7) & ~(size_t)7; }

int place_open(struct place *place, const char *name, size_t size, void *stack) {
  *place = (struct place){.name = name, .size = size};
  if (is(place, "null")) return 0;
  if (is(place, "kernel")) place->at = (uint8_t *)(uintptr_t)0xffff800000001000u;
  if (is(place, "noncanonical")) place->at = (uint8_t *)(uintptr_t)0x8000000000000000u;
  if (is(place, "wrap")) place->at = (uint8_t *)(UINTPTR_MAX - 8);
  if (is(place, "low")) place->at = (uint8_t *)(uintptr_t)8;
  if (is(place, "code")) place->at = (uint8_t *)(uintptr_t)&place_open;
  if (is(place, "stack")) {
    if (size > 1900) return -1;
    place->at = stack;
    place->room = size + 64;
  } else if (is(place, "heap") || is(place, "odd")) {
    int odd = is(place, "odd");
    place->mapping = malloc(size + 65);
    place->at = place->mapping + odd;
    place->room = size + 64;
  } else if (is(place, "eof")) {  // a mapping beyond its file's end: SIGBUS
    place->mapping_size = PAGE;
    place->at = place->mapping = map_shared(NULL, PAGE, 0);
    if (place->at == MAP_FAILED) return -1;
  } else if (is(place, "small") || is(place, "small-maps")) {  // whatever the size: few pages, then nothing
    size_t pages = is(place, "small") ? 1 : 32;
    if (map_pages(place, pages + 1) != 0) return -1;
    place->at = place->mapping;
    place->room = pages * PAGE;
  } else if (is(place, "unmapped") || is(place, "none") || is(place, "readonly") || is(place, "hole") ||
             is(place, "late")) {
    if (map_pages(place, pages_of(place)) != 0) return -1;
    place->at = place->mapping;
    place->room = place->mapping_size;
  } else if (is(place, "end") || is(place, "rw-none") || is(place, "rw-ro") || is(place, "ro-rw") ||
             is(place, "rw-rw") || is(place, "exact")) {
    if (size > 2 * PAGE || map_pages(place, 4) != 0) return -1;
    place->at = place->mapping + 2 * PAGE - (is(place, "exact") ? size : before(place));
    place->room = size;
    // Two mappings side by side: the kernel does not join these.
    if (is(place, "rw-rw") && map_shared(place->mapping + 2 * PAGE, 2 * PAGE, 2 * PAGE) == MAP_FAILED) return -1;
  }
  if (place->room) memset(place->at, PATTERN, place->room);
  return place->at ? 0 : -1;
}

void place_seal(struct place *place) {
  uint8_t *half = place->mapping + 2 * PAGE;
  if (is(place, "unmapped")) {
    munmap(place->mapping, place->mapping_size);
    place->mapping_size = 0;
    place->room = 0;
  }
  if (is(place, "none")) mprotect(place->mapping, place->mapping_size, PROT_NONE);
  if (is(place, "readonly")) mprotect(place->mapping, place->mapping_size, PROT_READ);
  if (is(place, "hole")) mprotect(place->mapping + PAGE, PAGE, PROT_NONE);
  if (is(place, "late")) mprotect(place->mapping + place->mapping_size - PAGE, PAGE, PROT_READ);
  if (is(place, "small") || is(place, "small-maps"))
    mprotect(place->mapping + place->mapping_size - PAGE, PAGE, PROT_NONE);
  if (is(place, "end") || is(place, "exact")) {
    munmap(half, 2 * PAGE);
    place->mapping_size = 2 * PAGE;
    if (is(place, "end")) place->room = before(place);
  }
  if (is(place, "rw-none")) mprotect(half, 2 * PAGE, PROT_NONE);
  if (is(place, "rw-ro")) mprotect(half, 2 * PAGE, PROT_READ);
  if (is(place, "ro-rw")) mprotect(place->mapping, 2 * PAGE, PROT_READ);
}

void place_unseal(struct place *place) {
  if (place->mapping_size && !is(place, "eof")) mprotect(place->mapping, place->mapping_size, PROT_READ | PROT_WRITE);
}

void place_close(struct place *place) {
  if (is(place, "heap") || is(place, "odd"))
    free(place->mapping);
  else if (place->mapping_size)
    munmap(place->mapping, place->mapping_size);
}
