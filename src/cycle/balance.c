/* SPDX-License-Identifier: MIT */
#include "cycle/balance.h"

#define SECOND_NS UINT64_C(1000000000)
/* A smaller heap is no reason to look for limits of control groups. */
#define WORTH_LOOKING TER_MIB(4)
/* Promises are given in pieces, so that a heap asks for one seldom. */
#define MOST_PROMISED_AHEAD TER_MIB(1)
#define PROMISE_PART 64u
/* Hundredths of a percent of the time in which threads waited for memory: heaps do not grow. */
#define HIGH_PRESSURE 1000u
/* The limit has been giving way for so long: somebody should know. */
#define LONG_EXCEEDED_NS (10 * SECOND_NS)
/* Of the limit, what is not divided. */
#define LEFT_OUT_PART 32u
/* What a heap desires of which no collection has said more. */
#define FIRST_DESIRE TER_MIB(4)

/* Under the mutex, but for what is atomic, which is read by anyone. */
static struct {
    struct ter_mutex mutex;
    struct ter_balance *first;
    _Atomic size_t count;
    unsigned collecting; /* heaps */
    /* The limit: */
    uint64_t own_bytes; /* the program's; 0: none */
    bool without_cgroup;
    _Atomic bool looked;
    _Atomic uint64_t looked_ns;
    _Atomic size_t limit;
    /* Half of the time: */
    struct ter_bucket bucket;
    _Atomic bool is_full;
    uint64_t process_ns; /* processor time, when a collection last began or ended */
    uint64_t exceeding_since_ns;
    _Atomic uint64_t exceeded_ns;
    bool told;
} all = {.mutex = TER_MUTEX_INIT, .limit = SIZE_MAX};

static struct ter_os_cgroup group;

/* ---- The mutex ---- */

/* To be given to unlock_all. In a thread that may be stopped by a signal: not until then. */
static struct ter_os_thread *lock_all(void)
{
    struct ter_os_thread *self = ter_os_thread_self();

    if (self == NULL) {
        ter_mutex_acquire(&all.mutex);
        return NULL;
    }
    for (;;) {
        ter_os_hold_off_begin(self);
        if (ter_mutex_try(&all.mutex))
            return self;
        ter_os_hold_off_end(self);
        ter_os_yield();
    }
}

static void unlock_all(struct ter_os_thread *self)
{
    ter_mutex_release(&all.mutex);
    if (self != NULL)
        ter_os_hold_off_end(self);
}

/* Clocks of several threads, or of a child after a fork: what began later has not begun yet. */
static uint64_t passed_ns(uint64_t from_ns, uint64_t to_ns)
{
    return to_ns > from_ns ? to_ns - from_ns : 0;
}

/* ---- Sums ---- */

static size_t footprint_of(const struct ter_balance *balance)
{
    const struct ter_accounting *accounting = balance->accounting;

    return ter_accounting_resident(accounting) +
           atomic_load_explicit(&accounting->foreign_bytes, memory_order_relaxed);
}

static size_t used_of(const struct ter_balance *balance)
{
    return atomic_load_explicit(&balance->accounting->used_bytes, memory_order_relaxed);
}

static size_t promised_to(const struct ter_balance *balance)
{
    return atomic_load_explicit(&balance->promised_bytes, memory_order_relaxed);
}

static void promise(struct ter_balance *balance, size_t bytes)
{
    atomic_store_explicit(&balance->promised_bytes, bytes, memory_order_relaxed);
}

static size_t footprint_of_all(void)
{
    size_t bytes = 0;

    for (const struct ter_balance *one = all.first; one != NULL; one = one->next)
        bytes += footprint_of(one);
    return bytes;
}

/* What the limit leaves beside what others have, or may come to have without asking. */
static size_t room_beside_others(const struct ter_balance *balance)
{
    size_t limit = ter_balance_limit(), taken = 0;

    for (const struct ter_balance *other = all.first; other != NULL; other = other->next)
        if (other != balance)
            taken += ter_max(footprint_of(other), promised_to(other));
    return limit - ter_min(limit, taken);
}

/* ---- Shares ---- */

/* Of the time since its last collection as well: a heap that rests needs less and less. */
static double weight_now(const struct ter_balance *balance, uint64_t now_ns)
{
    struct ter_rates rates = balance->rates;
    size_t since =
        atomic_load_explicit(&balance->allocator->allocated_since_collection, memory_order_relaxed);

    ter_rates_age(&rates, since > SIZE_MAX / 2 ? 0 : since, passed_ns(balance->ended_ns, now_ns));
    return ter_sizing_weight(&rates, balance->live_bytes);
}

static void fill_claim(struct ter_balance *balance, uint64_t now_ns)
{
    struct ter_claim *claim = &balance->claim;

    claim->next = balance->next == NULL ? NULL : &balance->next->claim;
    if (balance->ended_ns != 0) {
        claim->weight = weight_now(balance, now_ns);
        return;
    }
    claim->base_bytes = used_of(balance);
    claim->desire_bytes = FIRST_DESIRE;
}

static void divide(uint64_t now_ns)
{
    size_t limit = ter_balance_limit();
    struct ter_balance *balance;

    for (balance = all.first; balance != NULL; balance = balance->next)
        fill_claim(balance, now_ns);
    if (all.first == NULL)
        return;
    if (limit == SIZE_MAX)
        for (balance = all.first; balance != NULL; balance = balance->next)
            balance->claim.share_bytes = SIZE_MAX;
    else if (ter_sizing_divide(&all.first->claim, limit - limit / LEFT_OUT_PART))
        ter_log(TER_LOG_TRACE, "%zu heaps share %zu KiB", (size_t)all.count, limit >> 10);
    for (balance = all.first; balance != NULL; balance = balance->next)
        atomic_store_explicit(&balance->share_bytes, balance->claim.share_bytes,
                              memory_order_relaxed);
}

/* ---- The limit ---- */

size_t ter_balance_limit(void)
{
    return atomic_load_explicit(&all.limit, memory_order_relaxed);
}

/* A group's limit is for all that is in it: heaps may have what they have, and what is left. */
static size_t limit_of_cgroup(void)
{
    struct ter_os_cgroup_memory memory;
    uint64_t now = footprint_of_all(), limit;

    if (all.without_cgroup)
        return SIZE_MAX;
    ter_os_read_cgroup(&group, &memory);
    if (!memory.limited)
        return SIZE_MAX;
    if (memory.left_bytes < 0)
        limit = now > 0 - (uint64_t)memory.left_bytes ? now + (uint64_t)memory.left_bytes : 0;
    else
        limit = memory.pressure >= HIGH_PRESSURE ? now : now + (uint64_t)memory.left_bytes;
    return limit < SIZE_MAX ? (size_t)limit : SIZE_MAX - 1;
}

/* It gives way no longer; or there is none. */
static void end_exceeding(void)
{
    all.exceeding_since_ns = 0;
    all.told = false;
    atomic_store_explicit(&all.exceeded_ns, 0, memory_order_relaxed);
}

/* Time is counted from here on. */
static void begin_limit(void)
{
    all.bucket = (struct ter_bucket){.holds_ns = ter_os_processors() * SECOND_NS};
    atomic_store_explicit(&all.is_full, false, memory_order_relaxed);
    all.process_ns = ter_os_process_cpu_ns();
    for (struct ter_balance *balance = all.first; balance != NULL; balance = balance->next)
        promise(balance, footprint_of(balance));
}

static void look(uint64_t now_ns)
{
    size_t limit = limit_of_cgroup(), before = ter_balance_limit();

    if (all.own_bytes != 0 && all.own_bytes < limit)
        limit = (size_t)all.own_bytes;
    atomic_store_explicit(&all.looked, true, memory_order_relaxed);
    atomic_store_explicit(&all.looked_ns, now_ns, memory_order_relaxed);
    if (limit == before)
        return;
    ter_log(TER_LOG_TRACE, "the heaps should have at most %zu KiB together", limit >> 10);
    atomic_store_explicit(&all.limit, limit, memory_order_relaxed);
    if (before == SIZE_MAX)
        begin_limit();
    if (limit == SIZE_MAX)
        end_exceeding();
    divide(now_ns);
}

void ter_balance_set_limit(uint64_t bytes, bool by_cgroup)
{
    struct ter_os_thread *self = lock_all();

    all.own_bytes = bytes;
    all.without_cgroup = !by_cgroup;
    group.looked = false;
    look(ter_os_now_ns());
    unlock_all(self);
}

/* Where a test says what limits there are, nothing is missed. */
static bool is_time_to_look(const struct ter_balance *balance, uint64_t now_ns)
{
    size_t may_use = atomic_load_explicit(&balance->accounting->limit_bytes, memory_order_relaxed);

    if (!atomic_load_explicit(&all.looked, memory_order_relaxed))
        return may_use >= WORTH_LOOKING / all.count;
    return ter_os_is_cgroup_injected() ||
           passed_ns(atomic_load_explicit(&all.looked_ns, memory_order_relaxed), now_ns) >=
               SECOND_NS;
}

void ter_balance_watch(const struct ter_balance *balance)
{
    uint64_t now_ns = ter_os_now_ns();
    struct ter_os_thread *self;

    if (!is_time_to_look(balance, now_ns))
        return;
    self = lock_all();
    /* Another thread may have looked meanwhile. */
    if (is_time_to_look(balance, now_ns))
        look(now_ns);
    unlock_all(self);
}

size_t ter_balance_footprint(void)
{
    struct ter_os_thread *self = lock_all();
    size_t bytes = footprint_of_all();

    unlock_all(self);
    return bytes;
}

uint64_t ter_balance_exceeded_ns(void)
{
    return atomic_load_explicit(&all.exceeded_ns, memory_order_relaxed);
}

/* ---- Heaps come and go ---- */

void ter_balance_join(struct ter_balance *balance, const struct ter_accounting *accounting,
                      const struct ter_allocator *allocator)
{
    struct ter_os_thread *self = lock_all();

    balance->accounting = accounting;
    balance->allocator = allocator;
    balance->share_bytes = SIZE_MAX;
    balance->next = all.first;
    if (all.first != NULL)
        all.first->previous = balance;
    all.first = balance;
    all.count++;
    if (ter_balance_limit() != SIZE_MAX)
        divide(ter_os_now_ns());
    unlock_all(self);
    ter_balance_watch(balance);
}

void ter_balance_leave(struct ter_balance *balance)
{
    struct ter_os_thread *self = lock_all();

    if (balance->previous != NULL)
        balance->previous->next = balance->next;
    else
        all.first = balance->next;
    if (balance->next != NULL)
        balance->next->previous = balance->previous;
    all.count--;
    if (ter_balance_limit() != SIZE_MAX)
        divide(ter_os_now_ns());
    unlock_all(self);
}

/* ---- The gate ---- */

/* Idle memory is used first. */
static size_t footprint_with(const struct ter_balance *balance, size_t bytes)
{
    size_t idle = ter_accounting_idle(balance->accounting);

    return footprint_of(balance) + (bytes > idle ? bytes - idle : 0);
}

static bool is_promised_more(struct ter_balance *balance, size_t wanted)
{
    struct ter_os_thread *self = lock_all();
    size_t room = room_beside_others(balance);
    size_t ahead = ter_balance_limit() / (PROMISE_PART * all.count);

    if (wanted <= room)
        promise(balance, ter_min(room, wanted + ter_min(ahead, MOST_PROMISED_AHEAD)));
    unlock_all(self);
    return wanted <= room;
}

static bool is_in_share(const struct ter_balance *balance, size_t bytes)
{
    size_t share = atomic_load_explicit(&balance->share_bytes, memory_order_relaxed);
    size_t most = ter_max(share, balance->excess_bytes), used = used_of(balance);

    return used <= most && bytes <= most - used;
}

bool ter_balance_admits(struct ter_balance *balance, size_t bytes)
{
    size_t wanted;

    if (TER_LIKELY(ter_balance_limit() == SIZE_MAX))
        return true;
    if (!is_in_share(balance, bytes))
        return false;
    wanted = footprint_with(balance, bytes);
    return wanted <= promised_to(balance) || is_promised_more(balance, wanted);
}

size_t ter_balance_idle_to_give(const struct ter_balance *balance, size_t bytes)
{
    size_t idle = ter_accounting_idle(balance->accounting), now = footprint_of(balance);
    struct ter_os_thread *self;
    size_t room;

    if (!is_in_share(balance, bytes) || bytes > idle)
        return 0;
    self = lock_all();
    room = room_beside_others(balance);
    unlock_all(self);
    return now > room && now - room <= idle - bytes ? now - room : 0;
}

size_t ter_balance_beyond_share(const struct ter_balance *balance)
{
    size_t share = atomic_load_explicit(&balance->share_bytes, memory_order_relaxed), most, now;

    if (TER_LIKELY(share == SIZE_MAX))
        return 0;
    most = ter_max(share, balance->excess_bytes);
    now = footprint_of(balance);
    return now > most ? ter_min(now - most, ter_accounting_idle(balance->accounting)) : 0;
}

void ter_balance_gave_back(struct ter_balance *balance)
{
    struct ter_os_thread *self = lock_all();

    promise(balance, footprint_of(balance));
    unlock_all(self);
}

void ter_balance_refused(struct ter_balance *balance)
{
    if (TER_UNLIKELY(ter_balance_limit() != SIZE_MAX) &&
        promised_to(balance) > footprint_of(balance))
        ter_balance_gave_back(balance);
}

bool ter_balance_may_collect(void)
{
    return !atomic_load_explicit(&all.is_full, memory_order_relaxed);
}

void ter_balance_exceed(struct ter_balance *balance, size_t bytes, size_t more)
{
    struct ter_os_thread *self = lock_all();

    balance->excess_bytes = used_of(balance) + bytes + more;
    promise(balance, ter_max(promised_to(balance), footprint_of(balance) + bytes + more));
    if (ter_bucket_is_full(&all.bucket)) {
        balance->exceeded++;
        if (all.exceeding_since_ns == 0)
            all.exceeding_since_ns = ter_os_now_ns();
    }
    unlock_all(self);
}

/* ---- Collections ---- */

/* Those of a thread that waits for the end of the collection are lost as well. */
static unsigned processors_taken(const struct ter_balance *balance)
{
    unsigned most = ter_os_processors(), count = 0;

    for (const struct ter_mutator *m = balance->allocator->mutators; m != NULL && count < most;
         m = m->next)
        count++;
    return count == 0 ? 1 : count;
}

/* What ran since the last time, if none of it was a collection, was the program. */
static void count_program(void)
{
    uint64_t now_ns = ter_os_process_cpu_ns();

    /* It is less after a fork. */
    if (all.collecting == 0 && now_ns > all.process_ns)
        ter_bucket_add(&all.bucket, 0, now_ns - all.process_ns);
    all.process_ns = now_ns;
}

static void note_bucket(void)
{
    atomic_store_explicit(&all.is_full, ter_bucket_is_full(&all.bucket), memory_order_relaxed);
}

size_t ter_balance_begin(struct ter_balance *balance)
{
    struct ter_os_thread *self;
    size_t room = SIZE_MAX, now;

    if (ter_balance_limit() == SIZE_MAX)
        return SIZE_MAX;
    self = lock_all();
    count_program();
    note_bucket();
    all.collecting++;
    balance->collecting = true;
    room = room_beside_others(balance);
    now = footprint_of(balance) - ter_accounting_idle(balance->accounting);
    unlock_all(self);
    balance->thread_ns = ter_os_thread_cpu_ns();
    return room - ter_min(room, now);
}

static void count_collection(struct ter_balance *balance)
{
    uint64_t took_ns = passed_ns(balance->thread_ns, ter_os_thread_cpu_ns());

    ter_bucket_add(&all.bucket, took_ns * processors_taken(balance), 0);
    note_bucket();
    balance->collecting = false;
    all.collecting--;
    all.process_ns = ter_os_process_cpu_ns();
}

/* True: it is long now, for the first time. */
static bool count_exceeding(uint64_t now_ns)
{
    bool tell;

    if (all.exceeding_since_ns != 0 && footprint_of_all() <= ter_balance_limit())
        end_exceeding();
    atomic_store_explicit(&all.exceeded_ns,
                          all.exceeding_since_ns == 0 ? 0
                                                      : passed_ns(all.exceeding_since_ns, now_ns),
                          memory_order_relaxed);
    tell = ter_balance_exceeded_ns() >= LONG_EXCEEDED_NS && !all.told;
    all.told = all.told || tell;
    return tell;
}

static void note_findings(struct ter_balance *balance, const struct ter_balance_findings *findings)
{
    balance->rates = *findings->rates;
    balance->live_bytes = findings->live_bytes;
    balance->claim.base_bytes = findings->base_bytes;
    balance->claim.desire_bytes = findings->desire_bytes;
}

void ter_balance_end(struct ter_balance *balance, const struct ter_balance_findings *findings)
{
    struct ter_os_thread *self = lock_all();
    uint64_t now_ns = ter_os_now_ns();
    bool tell = false;

    if (balance->collecting)
        count_collection(balance);
    if (findings != NULL) {
        note_findings(balance, findings);
        balance->ended_ns = now_ns;
    }
    balance->excess_bytes = 0;
    promise(balance, footprint_of(balance));
    if (ter_balance_limit() != SIZE_MAX) {
        divide(now_ns);
        tell = count_exceeding(now_ns);
    }
    unlock_all(self);
    if (tell)
        ter_log(TER_LOG_WARNING,
                "for %llu s the heaps have had more than their soft limit of %zu KiB: to keep to "
                "it the collector would take more than half of the time",
                (unsigned long long)(LONG_EXCEEDED_NS / SECOND_NS), ter_balance_limit() >> 10);
}

/* ---- Around a fork ---- */

void ter_balance_hold(void)
{
    ter_mutex_acquire(&all.mutex);
}

void ter_balance_let_go(void)
{
    ter_mutex_release(&all.mutex);
}

void ter_balance_reset_after_fork(void)
{
    ter_mutex_init(&all.mutex);
}
