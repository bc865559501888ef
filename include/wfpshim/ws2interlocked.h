/* Interlocked operations and fences: all of them are full barriers, which every weaker form may be. Part of <winnt.h>.
 * They work on the integer that the pointer has, so that a `long` of a Windows program, which has 64 bits here, is
 * counted as a whole. Macros in C, as on Windows; templates in C++, where a program may write ::InterlockedOr. */
#ifndef WFPSHIM_WS2INTERLOCKED_H
#define WFPSHIM_WS2INTERLOCKED_H

#if defined(__cplusplus)

#define WS2_UNARY(name, builtin)                               \
  template <typename T>                                        \
  inline T Interlocked##name(T volatile *target) {             \
    return __atomic_##builtin(target, T(1), __ATOMIC_SEQ_CST); \
  }
#define WS2_BINARY(name, builtin)                                               \
  template <typename T, typename V>                                             \
  inline T Interlocked##name(T volatile *target, V value) {                     \
    return __atomic_##builtin(target, static_cast<T>(value), __ATOMIC_SEQ_CST); \
  }
#define WS2_COMPARE(name)                                                                         \
  template <typename T, typename V, typename C>                                                   \
  inline T Interlocked##name(T volatile *target, V value, C comparand) {                          \
    return __sync_val_compare_and_swap(target, static_cast<T>(comparand), static_cast<T>(value)); \
  }
WS2_COMPARE(CompareExchange)
WS2_COMPARE(CompareExchange64)
WS2_COMPARE(CompareExchange16)

WS2_UNARY(Increment, add_fetch)
WS2_UNARY(Increment64, add_fetch)
WS2_UNARY(Increment16, add_fetch)
WS2_UNARY(Decrement, sub_fetch)
WS2_UNARY(Decrement64, sub_fetch)
WS2_UNARY(Decrement16, sub_fetch)
WS2_BINARY(ExchangeAdd, fetch_add)
WS2_BINARY(ExchangeAdd64, fetch_add)
WS2_BINARY(Add, add_fetch)
WS2_BINARY(Add64, add_fetch)
WS2_BINARY(And, fetch_and)
WS2_BINARY(And64, fetch_and)
WS2_BINARY(And16, fetch_and)
WS2_BINARY(Or, fetch_or)
WS2_BINARY(Or64, fetch_or)
WS2_BINARY(Or16, fetch_or)
WS2_BINARY(Xor, fetch_xor)
WS2_BINARY(Xor64, fetch_xor)
WS2_BINARY(Xor16, fetch_xor)
WS2_BINARY(Exchange, exchange_n)
WS2_BINARY(Exchange64, exchange_n)
WS2_BINARY(Exchange16, exchange_n)
#undef WS2_UNARY
#undef WS2_BINARY
#undef WS2_COMPARE

#else

#define InterlockedIncrement(target) __atomic_add_fetch((target), 1, __ATOMIC_SEQ_CST)
#define InterlockedIncrement64(target) __atomic_add_fetch((target), 1, __ATOMIC_SEQ_CST)
#define InterlockedIncrement16(target) __atomic_add_fetch((target), 1, __ATOMIC_SEQ_CST)
#define InterlockedDecrement(target) __atomic_sub_fetch((target), 1, __ATOMIC_SEQ_CST)
#define InterlockedDecrement64(target) __atomic_sub_fetch((target), 1, __ATOMIC_SEQ_CST)
#define InterlockedDecrement16(target) __atomic_sub_fetch((target), 1, __ATOMIC_SEQ_CST)
#define InterlockedExchangeAdd(target, value) __atomic_fetch_add((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedExchangeAdd64(target, value) __atomic_fetch_add((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedAdd(target, value) __atomic_add_fetch((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedAdd64(target, value) __atomic_add_fetch((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedAnd(target, value) __atomic_fetch_and((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedAnd64(target, value) __atomic_fetch_and((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedAnd16(target, value) __atomic_fetch_and((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedOr(target, value) __atomic_fetch_or((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedOr64(target, value) __atomic_fetch_or((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedOr16(target, value) __atomic_fetch_or((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedXor(target, value) __atomic_fetch_xor((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedXor64(target, value) __atomic_fetch_xor((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedXor16(target, value) __atomic_fetch_xor((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedExchange(target, value) __atomic_exchange_n((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedExchange64(target, value) __atomic_exchange_n((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedExchange16(target, value) __atomic_exchange_n((target), (value), __ATOMIC_SEQ_CST)
#define InterlockedCompareExchange(target, value, comparand) __sync_val_compare_and_swap((target), (comparand), (value))
#define InterlockedCompareExchange64 InterlockedCompareExchange
#define InterlockedCompareExchange16 InterlockedCompareExchange

#endif

static inline PVOID InterlockedExchangePointer(PVOID volatile *target, PVOID value) {
  return __atomic_exchange_n(target, value, __ATOMIC_SEQ_CST);
}
static inline PVOID InterlockedCompareExchangePointer(PVOID volatile *target, PVOID value, PVOID comparand) {
  return __sync_val_compare_and_swap(target, comparand, value);
}
static inline BOOLEAN InterlockedBitTestAndSet(LONG volatile *base, LONG bit) {
  LONG mask = (LONG)(1u << (bit & 31));
  return (BOOLEAN)((__atomic_fetch_or(base + (bit >> 5), mask, __ATOMIC_SEQ_CST) & mask) != 0);
}
static inline BOOLEAN InterlockedBitTestAndReset(LONG volatile *base, LONG bit) {
  LONG mask = (LONG)(1u << (bit & 31));
  return (BOOLEAN)((__atomic_fetch_and(base + (bit >> 5), ~mask, __ATOMIC_SEQ_CST) & mask) != 0);
}

#define InterlockedExchangePointerNoFence InterlockedExchangePointer
#define InterlockedCompareExchangePointerAcquire InterlockedCompareExchangePointer
#define InterlockedCompareExchangePointerRelease InterlockedCompareExchangePointer
#define InterlockedCompareExchangePointerNoFence InterlockedCompareExchangePointer
#define InterlockedIncrementAcquire InterlockedIncrement
#define InterlockedIncrementRelease InterlockedIncrement
#define InterlockedIncrementNoFence InterlockedIncrement
#define InterlockedIncrementAcquire64 InterlockedIncrement64
#define InterlockedIncrementRelease64 InterlockedIncrement64
#define InterlockedIncrementNoFence64 InterlockedIncrement64
#define InterlockedDecrementAcquire InterlockedDecrement
#define InterlockedDecrementRelease InterlockedDecrement
#define InterlockedDecrementNoFence InterlockedDecrement
#define InterlockedDecrementAcquire64 InterlockedDecrement64
#define InterlockedDecrementRelease64 InterlockedDecrement64
#define InterlockedDecrementNoFence64 InterlockedDecrement64
#define InterlockedExchangeAddAcquire InterlockedExchangeAdd
#define InterlockedExchangeAddRelease InterlockedExchangeAdd
#define InterlockedExchangeAddNoFence InterlockedExchangeAdd
#define InterlockedExchangeAddAcquire64 InterlockedExchangeAdd64
#define InterlockedExchangeAddRelease64 InterlockedExchangeAdd64
#define InterlockedExchangeAddNoFence64 InterlockedExchangeAdd64
#define InterlockedAndAcquire InterlockedAnd
#define InterlockedAndRelease InterlockedAnd
#define InterlockedAndNoFence InterlockedAnd
#define InterlockedAndAcquire64 InterlockedAnd64
#define InterlockedAndRelease64 InterlockedAnd64
#define InterlockedAndNoFence64 InterlockedAnd64
#define InterlockedOrAcquire InterlockedOr
#define InterlockedOrRelease InterlockedOr
#define InterlockedOrNoFence InterlockedOr
#define InterlockedOrAcquire64 InterlockedOr64
#define InterlockedOrRelease64 InterlockedOr64
#define InterlockedOrNoFence64 InterlockedOr64
#define InterlockedExchangeAcquire InterlockedExchange
#define InterlockedExchangeRelease InterlockedExchange
#define InterlockedExchangeNoFence InterlockedExchange
#define InterlockedExchangeAcquire64 InterlockedExchange64
#define InterlockedExchangeRelease64 InterlockedExchange64
#define InterlockedExchangeNoFence64 InterlockedExchange64
#define InterlockedCompareExchangeAcquire InterlockedCompareExchange
#define InterlockedCompareExchangeRelease InterlockedCompareExchange
#define InterlockedCompareExchangeNoFence InterlockedCompareExchange
#define InterlockedCompareExchangeAcquire64 InterlockedCompareExchange64
#define InterlockedCompareExchangeRelease64 InterlockedCompareExchange64
#define InterlockedCompareExchangeNoFence64 InterlockedCompareExchange64
#define _InterlockedIncrement InterlockedIncrement
#define _InterlockedIncrement64 InterlockedIncrement64
#define _InterlockedDecrement InterlockedDecrement
#define _InterlockedDecrement64 InterlockedDecrement64
#define _InterlockedExchangeAdd InterlockedExchangeAdd
#define _InterlockedExchangeAdd64 InterlockedExchangeAdd64
#define _InterlockedAnd InterlockedAnd
#define _InterlockedAnd64 InterlockedAnd64
#define _InterlockedOr InterlockedOr
#define _InterlockedOr64 InterlockedOr64
#define _InterlockedXor InterlockedXor
#define _InterlockedXor64 InterlockedXor64
#define _InterlockedExchange InterlockedExchange
#define _InterlockedExchange64 InterlockedExchange64
#define _InterlockedCompareExchange InterlockedCompareExchange
#define _InterlockedCompareExchange64 InterlockedCompareExchange64
#define _InterlockedExchangePointer InterlockedExchangePointer
#define _InterlockedCompareExchangePointer InterlockedCompareExchangePointer

#define MemoryBarrier() __atomic_thread_fence(__ATOMIC_SEQ_CST)
#define _ReadWriteBarrier() __atomic_signal_fence(__ATOMIC_SEQ_CST)
#define _ReadBarrier() __atomic_signal_fence(__ATOMIC_ACQUIRE)
#define _WriteBarrier() __atomic_signal_fence(__ATOMIC_RELEASE)
#if defined(__x86_64__) || defined(__i386__)
#define YieldProcessor() __builtin_ia32_pause()
#else
#define YieldProcessor() __asm__ __volatile__("yield" ::: "memory")
#endif
#define ReadAcquire(source) __atomic_load_n((source), __ATOMIC_ACQUIRE)
#define WriteRelease(destination, value) __atomic_store_n((destination), (value), __ATOMIC_RELEASE)
#define ReadNoFence(source) __atomic_load_n((source), __ATOMIC_RELAXED)
#define WriteNoFence(destination, value) __atomic_store_n((destination), (value), __ATOMIC_RELAXED)

#endif
