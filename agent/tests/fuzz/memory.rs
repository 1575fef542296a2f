//! Counts what a piece of work asks of the allocator, on its own thread, to find the one byte that costs a gigabyte.

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static LIVE: Cell<usize> = const { Cell::new(0) };
    static PEAK: Cell<usize> = const { Cell::new(0) };
}

struct Counting;

#[global_allocator]
static COUNTING: Counting = Counting;

fn more(size: usize) {
    // While a thread ends there is nobody left to count for.
    let _ = LIVE.try_with(|live| {
        live.set(live.get().saturating_add(size));
        let _ = PEAK.try_with(|peak| peak.set(peak.get().max(live.get())));
    });
}

fn less(size: usize) {
    let _ = LIVE.try_with(|live| live.set(live.get().saturating_sub(size)));
}

// SAFETY: every call is handed on to the system's allocator as it came; the counters touch no memory of it.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: the caller's promise about `layout` is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        more(layout.size());
        // SAFETY: as above.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn realloc(&self, old: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // Both may exist for a moment.
        more(size);
        less(layout.size());
        // SAFETY: as above.
        unsafe { System.realloc(old, layout, size) }
    }

    unsafe fn dealloc(&self, old: *mut u8, layout: Layout) {
        less(layout.size());
        // SAFETY: as above.
        unsafe { System.dealloc(old, layout) }
    }
}

/// The most that was held at once beyond what was held before, in bytes.
pub fn peak_of<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = LIVE.with(Cell::get);
    PEAK.with(|peak| peak.set(before));
    let done = work();
    (done, PEAK.with(Cell::get).saturating_sub(before))
}

#[test]
fn a_great_vector_is_seen_and_a_given_back_one_is_not() {
    let (kept, peak) = peak_of(|| vec![0_u8; 1 << 20]);
    assert!(peak >= 1 << 20, "{peak}");
    drop(kept);
    let ((), peak) = peak_of(|| (0..100).for_each(|_| drop(std::hint::black_box(vec![0_u8; 1 << 10]))));
    assert!((1 << 10..1 << 16).contains(&peak), "{peak}");
}
