/* A pair of hosts replaces its link secret while anything may fail.
 *
 * A (the lower ID) and B keep on disk, for one another, `kept`: the newest generation that the other has
 * proved to have, and `next`: a candidate that it has not proved yet. They authenticate by these and by
 * nothing else; a pair that has proved nothing yet has the passphrase as its `kept`.
 *
 * At any moment either may crash, losing the stores that are not done or keeping them; a store may fail,
 * with the old or the new on disk; a link may break, unseen by one end for any time; either may dial, so
 * that two links are there at once and each end prefers another; with -DOLD_DISK one end's disk is, once,
 * replaced by an older copy. There is no bound on how often: ids of generations that nobody holds any more
 * are used again, so the state space is finite.
 *
 * Sessions: a handshake fixes its generation first, then the dialer takes it for authenticated, then the
 * listener, then the dialer hears the listener's Hello. Anything may happen between these steps.
 *
 * -DCALM asks for progress: once faults have ceased, the pair links and rotates.
 * -DPLANT_… puts one fault into the protocol; run knows them.
 */

#define A 0
#define B 1
#define OTHER(e) (1 - (e))
#define NAME(e) ((e) == A -> 'A' : 'B')

#define PASSPHRASE 0 /* as kept */
#define NONE 0       /* as next, candidate */

#ifndef ROTATIONS
#define ROTATIONS 2
#endif
/* A generation is its count and which of that count's it is. */
#define ALIKE 8
#define COUNT(g) ((g) / ALIKE)

#define DIALS_WHEN_CALM 3

#define LINKS 2
#define NO_LINK LINKS

#define NOTHING 0
#define OFFER 1
#define ACCEPTED 2
#define SETTLED 3

#define FREE 0
#define ANSWERED 1       /* its generation is fixed */
#define DIALER_KNOWS 2   /* LinkUp at the dialer */
#define LISTENER_KNOWS 3 /* LinkUp and both Hellos at the listener */
#define ESTABLISHED 4    /* both Hellos at the dialer, too */


byte kept[2]; /* decided, perhaps not stored yet */
byte next[2];
byte known_kept[2]; /* confirmed by the store: what handshakes go by */
byte known_next[2];
byte disk_kept[2];
byte disk_next[2];

bit storing[2]; /* a store is under way; an end makes one at a time */
byte store_then[2]; /* what is said once it is done */

byte phase[LINKS];
bit dialer[LINKS];
byte session[LINKS]; /* the generation that authenticates it */
bit closed[4];
bit outdated[LINKS]; /* up at B before B took its present next from the other link */
#define CLOSED(l, e) closed[(l) * 2 + (e)]

byte link[2] = NO_LINK; /* the surviving one, as this end sees it */
byte candidate;         /* of A's rotation under way on that link */

chan to_a[LINKS] = [1] of { byte, byte };
chan to_b[LINKS] = [2] of { byte, byte };

#ifdef STORE_FAILURES
bit failed;
#endif

#ifdef OLD_DISK
bit copied;
bit restored;
bit old_end;
byte old_kept;
byte old_next;
#endif

#ifdef CALM
bit calm;
#else
#define calm 0
#endif
byte dials;
#ifdef DIALS
#define COUNTS_DIALS true
#define MAY_STILL_DIAL (calm || dials < DIALS)
#else
#define COUNTS_DIALS calm
#define MAY_STILL_DIAL true
#endif

#define ACCEPTS(e, g) (kept[e] == (g) || (next[e] != NONE && next[e] == (g)))
#ifdef PLANT_UNSTORED_CREDENTIALS
#define KNOWN_KEPT(e) kept[e]
#define KNOWN_NEXT(e) next[e]
#else
#define KNOWN_KEPT(e) known_kept[e]
#define KNOWN_NEXT(e) known_next[e]
#endif
#define KNOWS(e, g) (KNOWN_KEPT(e) == (g) || (KNOWN_NEXT(e) != NONE && KNOWN_NEXT(e) == (g)))
#define DISK_ACCEPTS(e, g) (disk_kept[e] == (g) || (disk_next[e] != NONE && disk_next[e] == (g)))

byte id;
byte slot;

#define IN_FLIGHT(l, g) \
	(to_a[l]??[ACCEPTED, eval(g)] || to_b[l]??[OFFER, eval(g)] || to_b[l]??[SETTLED, eval(g)])
#ifdef OLD_DISK
#define IN_COPY(g) (old_kept == (g) || old_next == (g))
#else
#define IN_COPY(g) false
#endif
#define HELD_BY(e, g) \
	(kept[e] == (g) || next[e] == (g) || known_kept[e] == (g) || known_next[e] == (g) || \
	 disk_kept[e] == (g) || disk_next[e] == (g))
#define IN_USE(g) \
	(HELD_BY(A, g) || HELD_BY(B, g) || session[0] == (g) || session[1] == (g) || candidate == (g) || \
	 IN_FLIGHT(0, g) || IN_FLIGHT(1, g) || IN_COPY(g))

inline make_generation(g, count)
{
	id = (count) * ALIKE;
	do
	:: IN_USE(id) -> id++
	:: else -> break
	od;
	assert(COUNT(id) == count);
	g = id;
	id = 0
}

inline store(e, new_kept, new_next, then)
{
	assert(!storing[e]);
	storing[e] = 1;
	kept[e] = new_kept;
	next[e] = new_next;
	store_then[e] = then
}

inline write(e)
{
	disk_kept[e] = kept[e];
	disk_next[e] = next[e]
}

inline end_store(e)
{
	storing[e] = 0;
	store_then[e] = NOTHING
}

inline send(e, what, which)
{
	if
	:: CLOSED(link[e], OTHER(e))
	:: else ->
		if
		:: e == A -> to_b[link[e]]!what, which
		:: else -> to_a[link[e]]!what, which
		fi
	fi
}

/* What waited for a store is not said any more; the store goes on. */
inline abandon(e)
{
	store_then[e] = NOTHING;
	if
	:: e == A -> candidate = NONE
	:: else
	fi
}

inline drain(messages)
{
	do
	:: len(messages) > 0 -> messages?_, _
	:: len(messages) == 0 -> break
	od
}

inline close(l, e)
{
	CLOSED(l, e) = 1;
	if
	:: link[e] == l -> link[e] = NO_LINK; abandon(e)
	:: else
	fi;
	if
	:: e == A -> drain(to_a[l])
	:: else -> drain(to_b[l]); outdated[l] = 0
	fi;
	if
	:: CLOSED(l, OTHER(e)) ->
		CLOSED(l, A) = 0;
		CLOSED(l, B) = 0;
		phase[l] = FREE;
		session[l] = 0;
		dialer[l] = 0
	:: else
	fi
}

inline close_if_open(l, e)
{
	if
	:: phase[l] != FREE && !CLOSED(l, e) -> close(l, e)
	:: else
	fi
}

/* The dialer uses its kept; if the listener lacks that, the newest that both know. */
inline dial(e)
{
	if
	:: phase[0] == FREE -> slot = 0
	:: else -> slot = 1
	fi;
	if
#ifdef PLANT_DIALS_BY_NEXT
	:: KNOWN_NEXT(e) != NONE && KNOWS(OTHER(e), KNOWN_NEXT(e)) -> phase[slot] = ANSWERED; session[slot] = KNOWN_NEXT(e)
#endif
	:: KNOWS(OTHER(e), KNOWN_KEPT(e)) -> phase[slot] = ANSWERED; session[slot] = KNOWN_KEPT(e)
	:: else ->
		if
		:: KNOWN_NEXT(e) != NONE && KNOWS(OTHER(e), KNOWN_NEXT(e)) -> phase[slot] = ANSWERED; session[slot] = KNOWN_NEXT(e)
		:: else ->
#ifdef PLANT_PASSPHRASE_AS_LAST_RESORT
			phase[slot] = ANSWERED; session[slot] = PASSPHRASE
#else
			skip
#endif
		fi
	fi;
	if
	:: phase[slot] == ANSWERED ->
		dialer[slot] = e;
		printf("%c dials link %d, by generation %d (count %d)\n", NAME(e), slot, session[slot], COUNT(session[slot]))
	:: else -> printf("%c dials, and no generation is in common\n", NAME(e))
	fi;
	dials = dials + COUNTS_DIALS;
	slot = 0
}

/* Was it replaced while the handshake went on? */
#if defined(PLANT_STALE_SESSION) || defined(PLANT_PASSPHRASE_AS_LAST_RESORT)
#define STILL_ACCEPTS(e, g) true
#else
#define STILL_ACCEPTS(e, g) ACCEPTS(e, g)
#endif
#ifdef PLANT_STALE_HELLO
#define STILL_ACCEPTS_AT_HELLO(e, g) true
#else
#define STILL_ACCEPTS_AT_HELLO(e, g) STILL_ACCEPTS(e, g)
#endif

inline authenticated(e, l)
{
	if
	:: next[e] != NONE && next[e] == session[l] ->
		printf("%c: its peer has proved generation %d\n", NAME(e), next[e]);
		store(e, next[e], NONE, NOTHING);
#ifndef PLANT_OLDER_LINKS_STAY
		close_if_open(1 - l, e)
#endif
	:: else
	fi
}

inline establish(e, l)
{
	if
	:: link[e] != NO_LINK -> id = link[e]; close(id, e); id = 0
	:: else
	fi;
	link[e] = l
}

#define PROVED_BY_EITHER (known_kept[A] != PASSPHRASE || known_kept[B] != PASSPHRASE)

inline check_passphrase(l)
{
	assert(session[l] != PASSPHRASE || CLOSED(l, A) || CLOSED(l, B) || !PROVED_BY_EITHER)
}

inline crash(e)
{
	end_store(e);
	assert(COUNT(disk_kept[e]) >= COUNT(known_kept[e]));
	kept[e] = disk_kept[e];
	next[e] = disk_next[e];
	known_kept[e] = disk_kept[e];
	known_next[e] = disk_next[e];
	close_if_open(0, e);
	close_if_open(1, e)
}

#define ANY_SHARED(k, n, accepts) (accepts(B, k) || ((n) != NONE && accepts(B, n)))

inline check_shared()
{
#ifdef OLD_DISK
	if
	:: !restored ->
#endif
	assert(ANY_SHARED(KNOWN_KEPT(A), KNOWN_NEXT(A), KNOWS));
	assert(ANY_SHARED(KNOWN_KEPT(A), KNOWN_NEXT(A), DISK_ACCEPTS));
	assert(ANY_SHARED(disk_kept[A], disk_next[A], KNOWS));
	assert(ANY_SHARED(disk_kept[A], disk_next[A], DISK_ACCEPTS))
#ifdef OLD_DISK
	:: else
	fi
#endif
}

/* -------------------------------------------------------------------------------- one step of an end */

#define MAY_DIAL(e) \
	(MAY_STILL_DIAL && (phase[0] == FREE || phase[1] == FREE) && (!calm || (phase[0] == FREE && phase[1] == FREE)))

#define DUE(e) \
	(e == A && link[A] != NO_LINK && candidate == NONE && !storing[A] && \
	 nfull(to_b[link[A]]) && COUNT(kept[A]) < ROTATIONS + calm)

inline rotate()
{
	make_generation(candidate, COUNT(kept[A]) + 1);
	printf("A derives generation %d (count %d) from link %d\n", candidate, COUNT(candidate), link[A]);
#ifdef PLANT_A_DROPS_AT_ONCE
	store(A, candidate, NONE, OFFER)
#else
	store(A, kept[A], candidate, OFFER);
#ifdef PLANT_OFFER_BEFORE_STORE
	store_then[A] = NOTHING;
	send(A, OFFER, candidate)
#endif
#endif
}

inline stored(e)
{
	assert(COUNT(kept[e]) >= COUNT(known_kept[e]));
	known_kept[e] = kept[e];
	known_next[e] = next[e];
	printf("%c has stored kept %d next %d\n", NAME(e), kept[e], next[e]);
	if
	:: store_then[e] == SETTLED -> send(e, SETTLED, kept[e]); candidate = NONE
	:: store_then[e] == OFFER || store_then[e] == ACCEPTED ->
		id = (next[e] != NONE -> next[e] : kept[e]);
		send(e, store_then[e], id);
		id = 0
	:: store_then[e] == NOTHING
	fi;
	end_store(e)
}

inline store_failed(e)
{
	failed = 1;
	end_store(e);
	kept[e] = known_kept[e];
	next[e] = known_next[e];
#ifdef PLANT_FAILED_STORE_KEEPS_LINKS
	abandon(e)
#else
	close_if_open(0, e);
	close_if_open(1, e)
#endif
}

#ifdef PLANT_OLD_LINK_HEARD
#define HEARS(e, l) (phase[l] >= LISTENER_KNOWS && !CLOSED(l, e) && link[e] != NO_LINK)
#else
#define HEARS(e, l) (link[e] == (l))
#endif

#ifdef PLANT_OFFER_OVER_OUTDATED_LINK
#define OUTDATED(l) false
#else
#define OUTDATED(l) outdated[l]
#endif
#define UP_AT_B(l) (phase[l] >= LISTENER_KNOWS || (phase[l] == DIALER_KNOWS && dialer[l] == B))

inline hear_offer(l)
{
	to_b[l]?OFFER, id;
	if
	:: OUTDATED(l) -> printf("B closes link %d: it is older than its next\n", l); close(l, B)
	:: !OUTDATED(l) && COUNT(id) == COUNT(kept[B]) + 1 ->
		outdated[1 - l] = UP_AT_B(1 - l) && !CLOSED(1 - l, B);
		printf("B hears Offer %d on link %d\n", id, l);
#if defined(PLANT_B_DROPS_ON_OFFER)
		store(B, id, NONE, ACCEPTED)
#elif defined(PLANT_B_KEEPS_OLDER_NEXT)
		if
		:: next[B] == NONE -> store(B, kept[B], id, ACCEPTED)
		:: else -> send(B, ACCEPTED, id)
		fi
#elif defined(PLANT_ACCEPTED_BEFORE_STORE)
		store(B, kept[B], id, NOTHING);
		send(B, ACCEPTED, id)
#else
		store(B, kept[B], id, ACCEPTED)
#endif
	:: else ->
		printf("B hears Offer %d on link %d, which does not fit\n", id, l);
		close(l, B)
	fi;
	id = 0
}

inline hear_accepted(l)
{
	to_a[l]?ACCEPTED, id;
	if
	:: id == candidate ->
		printf("A hears Accepted %d on link %d\n", id, l);
		store(A, id, NONE, SETTLED)
	:: else -> printf("A ignores Accepted %d on link %d\n", id, l)
	fi;
	id = 0
}

inline hear_settled(l)
{
	to_b[l]?SETTLED, id;
	if
	:: id == next[B] ->
		printf("B hears Settled %d on link %d\n", id, l);
		store(B, id, NONE, NOTHING)
	:: else -> printf("B ignores Settled %d on link %d\n", id, l)
	fi;
	id = 0
}

#define AWAITS(l, p, e) (phase[l] == (p) && !CLOSED(l, e))

inline step_of(e)
{
	if
	:: MAY_DIAL(e) && !(calm && (storing[A] || storing[B])) -> dial(e)

	:: DUE(e) -> rotate()

	:: storing[e] && (store_then[e] == NOTHING || link[e] == NO_LINK || e == B || nfull(to_b[link[e]]))
			-> write(e); stored(e)

	/* Faults. */
#ifdef STORE_FAILURES
	:: !calm && storing[e] && !failed -> printf("%c: a store fails, the old is on disk\n", NAME(e)); store_failed(e)
	:: !calm && storing[e] && !failed -> printf("%c: a store fails, the new is on disk\n", NAME(e)); write(e); store_failed(e)
#endif
#ifdef CRASHES
	:: !calm -> printf("%c crashes\n", NAME(e)); crash(e)
	:: !calm && storing[e] -> printf("%c crashes, its store is on disk\n", NAME(e)); write(e); crash(e)
#endif
#ifdef OLD_DISK
	:: !copied -> printf("%c: its disk is copied\n", NAME(e)); copied = 1; old_end = e; old_kept = disk_kept[e]; old_next = disk_next[e]
	:: copied && old_end == e && !restored ->
		printf("%c crashes and comes back from the copy\n", NAME(e));
		restored = 1;
		disk_kept[e] = old_kept;
		disk_next[e] = old_next;
		known_kept[e] = PASSPHRASE;
		crash(e);
		old_kept = 0;
		old_next = 0;
		old_end = 0
#endif
	fi
}

inline step_on(l, e)
{
	if
	:: AWAITS(l, ANSWERED, e) && dialer[l] == e ->
		if
		:: STILL_ACCEPTS(e, session[l]) -> phase[l] = DIALER_KNOWS; authenticated(e, l)
		:: else -> printf("%c closes link %d: its generation is gone\n", NAME(e), l); close(l, e)
		fi
	:: AWAITS(l, DIALER_KNOWS, e) && dialer[l] != e ->
		if
		:: STILL_ACCEPTS(e, session[l]) ->
			printf("%c holds link %d now\n", NAME(e), l);
			phase[l] = LISTENER_KNOWS;
			authenticated(e, l);
			establish(e, l)
		:: else -> printf("%c closes link %d: its generation is gone\n", NAME(e), l); close(l, e)
		fi
	/* The other way to settle two links: the older stays. */
	:: !calm && AWAITS(l, DIALER_KNOWS, e) && dialer[l] != e && link[e] != NO_LINK && STILL_ACCEPTS(e, session[l]) ->
		printf("%c prefers its older link to link %d\n", NAME(e), l);
		phase[l] = LISTENER_KNOWS;
		authenticated(e, l);
		close(l, e)
	:: AWAITS(l, LISTENER_KNOWS, e) && dialer[l] == e ->
		if
		:: STILL_ACCEPTS_AT_HELLO(e, session[l]) ->
			printf("%c holds link %d now\n", NAME(e), l);
			phase[l] = ESTABLISHED;
			establish(e, l);
			check_passphrase(l)
		:: else -> printf("%c closes link %d: its generation is gone\n", NAME(e), l); close(l, e)
		fi
	:: !calm && AWAITS(l, LISTENER_KNOWS, e) && dialer[l] == e && link[e] != NO_LINK ->
		printf("%c prefers its older link to link %d\n", NAME(e), l);
		close(l, e)

	:: phase[l] != FREE && !CLOSED(l, e) && (CLOSED(l, OTHER(e)) || !calm) ->
		printf("%c sees link %d end\n", NAME(e), l); close(l, e)

	:: e == B && HEARS(B, l) && !storing[B] && nfull(to_a[l]) && to_b[l]?[OFFER, _] -> hear_offer(l)
	:: e == B && HEARS(B, l) && !storing[B] && to_b[l]?[SETTLED, _] -> hear_settled(l)
	:: e == A && HEARS(A, l) && !storing[A] && to_a[l]?[ACCEPTED, _] -> hear_accepted(l)
	fi
}

active proctype pair()
{
	do
	:: atomic {
		if
		:: step_of(A)
		:: step_of(B)
		:: step_on(0, A)
		:: step_on(0, B)
		:: step_on(1, A)
		:: step_on(1, B)
#ifdef CALM
		:: !calm -> calm = 1; dials = 0; printf("from here on nothing fails\n")
#endif
		fi;
		check_shared();
#ifdef CALM
		assert(!calm || dials <= DIALS_WHEN_CALM)
#endif
	}
#ifdef CALM
	:: timeout ->
		assert(link[A] != NO_LINK && link[A] == link[B]);
		assert(known_kept[A] == known_kept[B] && COUNT(known_kept[A]) == ROTATIONS + 1); break
#endif
	od
}
