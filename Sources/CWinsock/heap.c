/* Heaps over malloc: each block says what size was asked for and whose it is. */
#define _GNU_SOURCE
#include "wfp_win32.h"

#include <malloc.h>
#include <pthread.h>

#define MAGIC 0x48656170u

struct block {
  struct ws2_heap *heap;
  size_t size;
  struct block *previous, *next; /* of a made heap */
};

struct ws2_heap {
  unsigned int magic;
  pthread_mutex_t mutex;
  size_t limit, used;
  struct block *first;
};

WS2_STATIC_ASSERT(sizeof(struct block) % 16 == 0, "what follows has malloc's alignment");

/* Its blocks stand in no list: nobody frees them all. */
static struct ws2_heap process_heap = {.magic = MAGIC, .mutex = PTHREAD_MUTEX_INITIALIZER};

struct ws2_heap *ws2_process_heap(void) {
  return &process_heap;
}

bool ws2_heap_is(const void *heap) { return heap != NULL && ((const struct ws2_heap *)heap)->magic == MAGIC; }

struct ws2_heap *ws2_heap_make(size_t limit) {
  struct ws2_heap *heap = calloc(1, sizeof *heap);
  if (heap == NULL) return NULL;
  heap->magic = MAGIC;
  heap->limit = limit;
  pthread_mutex_init(&heap->mutex, NULL);
  return heap;
}

bool ws2_heap_destroy(void *handle) {
  struct ws2_heap *heap = handle;
  if (!ws2_heap_is(heap) || heap == &process_heap) return false;
  heap->magic = 0;
  for (struct block *block = heap->first, *next; block != NULL; block = next) {
    next = block->next;
    free(block);
  }
  pthread_mutex_destroy(&heap->mutex);
  free(heap);
  return true;
}

/* False: it would pass the heap's limit. The change of a smaller size wraps around. */
static bool reserve(struct ws2_heap *heap, size_t more, size_t less) {
  if (heap == &process_heap) return true;
  pthread_mutex_lock(&heap->mutex);
  bool fits = heap->limit == 0 || more <= less || more - less <= heap->limit - heap->used;
  if (fits) heap->used += more - less;
  pthread_mutex_unlock(&heap->mutex);
  return fits;
}

static void link_block(struct ws2_heap *heap, struct block *block) {
  if (heap == &process_heap) return;
  pthread_mutex_lock(&heap->mutex);
  block->previous = NULL;
  block->next = heap->first;
  if (heap->first != NULL) heap->first->previous = block;
  heap->first = block;
  pthread_mutex_unlock(&heap->mutex);
}

static void unlink_block(struct ws2_heap *heap, struct block *block) {
  if (heap == &process_heap) return;
  pthread_mutex_lock(&heap->mutex);
  *(block->previous != NULL ? &block->previous->next : &heap->first) = block->next;
  if (block->next != NULL) block->next->previous = block->previous;
  pthread_mutex_unlock(&heap->mutex);
}

static struct block *block_of(const void *handle, const void *memory) {
  struct block *block = (struct block *)(uintptr_t)memory - 1;
  return ws2_heap_is(handle) && ((uintptr_t)memory & 15) == 0 && block->heap == handle ? block : NULL;
}

void *ws2_heap_allocate(void *handle, size_t size, bool zero) {
  struct ws2_heap *heap = handle;
  if (!ws2_heap_is(heap) || size > SIZE_MAX - sizeof(struct block) || !reserve(heap, size, 0)) return NULL;
  struct block *block = zero ? calloc(1, sizeof *block + size) : malloc(sizeof *block + size);
  if (block == NULL) {
    reserve(heap, 0, size);
    return NULL;
  }
  block->heap = heap;
  block->size = size;
  link_block(heap, block);
  return block + 1;
}

void *ws2_heap_reallocate(void *handle, void *memory, size_t size, bool zero, bool in_place) {
  struct ws2_heap *heap = handle;
  struct block *block = block_of(handle, memory), *moved = block;
  if (block == NULL || size > SIZE_MAX - sizeof *block) return NULL;
  size_t old = block->size;
  if (in_place && sizeof *block + size > malloc_usable_size(block)) return NULL;
  if (!reserve(heap, size, old)) return NULL;
  if (!in_place) {
    unlink_block(heap, block);
    moved = realloc(block, sizeof *block + size);
    link_block(heap, moved != NULL ? moved : block);
    if (moved == NULL) {
      reserve(heap, old, size);
      return NULL;
    }
  }
  moved->size = size;
  if (zero && size > old) memset((char *)(moved + 1) + old, 0, size - old);
  return moved + 1;
}

bool ws2_heap_free(void *handle, void *memory) {
  struct block *block = block_of(handle, memory);
  if (block == NULL) return false;
  unlink_block(handle, block);
  reserve(handle, 0, block->size);
  block->heap = NULL; /* a second time it is none of ours */
  free(block);
  return true;
}

size_t ws2_heap_size(void *handle, const void *memory) {
  struct block *block = block_of(handle, memory);
  return block == NULL ? SIZE_MAX : block->size;
}
