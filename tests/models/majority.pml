/* Ownership `majority` of one service: claims, leases, and why there are never two.
 *
 * Hosts A and B may run the service; A, B and C vote. With -DOUTSIDE A and B do not vote and C, D and E do:
 * a voter that hears from all other voters has then not heard from the claimant, as in a larger set.
 *
 * Time is discrete, and told as what is left or what has passed, so that the state space is finite without
 * a bound on time. What clocks may be off by is in two numbers: however fast its clock, a voter takes a lease
 * for live for LIVE ticks after it got the claim; however slow its clock, a holder's service is dead DEAD ticks
 * after the sending that it counts from. That DEAD < LIVE is what 0.998 G is for. When `stop` begins does not
 * matter, and it takes as long as it likes: it is the kill that is waited for.
 *
 * At most NET messages are under way; each may be lost, be late by any time, overtake others, and come
 * twice; after DEAD ticks a claim under way is lost. A refusal is no message here: it changes nothing. Instead a claimant gives up when it likes and
 * claims any epoch above its own. Any host may restart at any time, and nothing of its service survives that.
 * With -DLOSS one host, once, comes back without its memory; as the same node, for an older disk is that, too.
 *
 * -DPLANT_… puts one fault into the protocol; run knows them.
 */

#define A 0
#define B 1
#define CANDIDATES 2
#define VOTERS 3
#define QUORUM 2
#define NOBODY CANDIDATES

#ifdef OUTSIDE
#define IS(c, v) false
#define VOTER(v) ((v) == 0 -> 'C' : ((v) == 1 -> 'D' : 'E'))
#else
#define IS(c, v) ((c) == (v))
#define VOTER(v) ((v) == 0 -> 'A' : ((v) == 1 -> 'B' : 'C'))
#endif
#define NAME(c) ((c) == A -> 'A' : 'B')

#ifndef EPOCHS
#define EPOCHS 3
#endif
#ifndef NET
#define NET 2
#endif

#ifndef LIVE
#define LIVE 2
#endif
#ifdef PLANT_NO_MARGIN
#define DEAD LIVE
#else
#define DEAD (LIVE - 1)
#endif
#define OLD (DEAD + 1)     /* as old as this an answer counts for nothing */

#define CLAIM 1   /* also a renewal, which says that its epoch was won */
#define ANSWER 2
#define RELEASE 3

#define IDLE 0
#define CLAIMS 1
#define RUNS 2

/* kind, claimant, voter, epoch, won, ticks since the sending that it answers */
chan net = [NET] of { byte, byte, byte, byte, bit, byte };

/* Voters: the newest grant. Stored but for `left`. */
byte granted[VOTERS];
byte to[VOTERS] = NOBODY;
bit over[VOTERS] = 1;
byte left[VOTERS]; /* ticks for which it surely takes the grant for live */
byte highest[VOTERS]; /* of the epochs that it has answered to: only to check */

/* Claimants */
byte state[CANDIDATES];
byte epoch[CANDIDATES]; /* stored */
byte passed0[VOTERS] = OLD; /* since the newest sending to this voter that was answered: of A */
byte passed1[VOTERS] = OLD; /* of B */
byte newest; /* epoch of the newest owner: only to check */

#ifdef PLANT_ANSWER_BEFORE_STORE
byte disk_granted[VOTERS];
byte disk_to[VOTERS] = NOBODY;
bit disk_over[VOTERS] = 1;
#endif

#ifdef LOSS
bit lost;
bit blank[VOTERS];  /* without memory */
byte wait[VOTERS];  /* ticks until the longest lease has passed since its start */
byte heard[VOTERS]; /* since that, a bit a voter */
byte unused[VOTERS]; /* a bit a host that knows of no epoch */
#define BLANK(v) blank[v]
#else
#define BLANK(v) false
#endif

#ifdef PLANT_COUNT_FROM_ANSWER
#define COUNTS_FROM_SENDING false
#else
#define COUNTS_FROM_SENDING true
#endif

byte kind, from, at, number, since, i, n;
bit won, there;

#define OLDER(a, b) ((a) > (b) -> (a) : (b))
#define YOUNGER(a, b) ((a) < (b) -> (a) : (b))
/* The second smallest of three: since T*. */
#define MEDIAN(x) OLDER(YOUNGER(x[0], x[1]), YOUNGER(OLDER(x[0], x[1]), x[2]))
#ifdef PLANT_NO_QUORUM
#define LEASE_OF(x) YOUNGER(x[0], YOUNGER(x[1], x[2]))
#else
#define LEASE_OF(x) MEDIAN(x)
#endif
#define LEASE(c) ((c) == A -> LEASE_OF(passed0) : LEASE_OF(passed1))

inline forget_answers(c)
{
	if
	:: c == A -> passed0[0] = OLD; passed0[1] = OLD; passed0[2] = OLD
	:: else -> passed1[0] = OLD; passed1[1] = OLD; passed1[2] = OLD
	fi
}

/* What is older than two others can never count again: one state instead of many. */
#define TOO_OLD(c, x, v) \
	(x[v] >= x[((v) + 1) % VOTERS] && x[v] >= x[((v) + 2) % VOTERS])

inline forget_oldest(too_old, age)
{
	if
	:: too_old -> age = OLD
	:: else
	fi
}

/* -------------------------------------------------------------------------------- network */

/* What finds no room is lost; what is under way already may come twice anyhow. */
inline send(k, c, v, e, w, t)
{
	there = net??[eval(k), eval(c), eval(v), eval(e), eval(w), eval(t)];
	if
	:: !there && len(net) < NET -> net!!k, c, v, e, w, t
	:: there || len(net) == NET
	fi;
	there = 0
}

/* Any of the messages under way; it stays where it comes twice. */
inline take()
{
	i = 0;
	do
	:: i + 1 < len(net) -> i++
	:: break
	od;
	n = 0;
	do
	:: n == i -> net?kind, from, at, number, won, since; break
	:: n < i -> net?kind, from, at, number, won, since; net!kind, from, at, number, won, since; n++
	od;
	if
	:: true -> i = 0
	:: true -> i = 1
	fi;
	if
	:: i == 1 -> net!!kind, from, at, number, won, since
	:: else
	fi;
	i = 0;
	n = 0
}

/* An answer names the epoch and the start of the host that asked. */
inline drop_answers(c)
{
	do
	:: there = net??[ANSWER, eval(c), _, _, _, _];
		if
		:: there -> net??ANSWER, eval(c), _, _, _, _
		:: !there -> break
		fi
	od
}

/* What can have no effect any more is taken out of the way. */
#if defined(LOSS) || defined(PLANT_RELEASE_OF_ANY_EPOCH) || defined(PLANT_LOWER_RENEWAL)
#define PASSED_BY(v, e) false
#else
#define PASSED_BY(v, e) (granted[v] > (e))
#endif
#define IDLE_MESSAGE \
	(since == OLD && COUNTS_FROM_SENDING && kind != RELEASE || kind != ANSWER && PASSED_BY(at, number))

inline age_messages()
{
	n = len(net);
	do
	:: n > 0 ->
		net?kind, from, at, number, won, since;
		since = (kind == RELEASE -> 0 : YOUNGER(since + 1, OLD));
		if
		:: IDLE_MESSAGE
		:: else -> net!kind, from, at, number, won, since
		fi;
		n--
	:: else -> break
	od
}

inline scratch()
{
	kind = 0; from = 0; at = 0; number = 0; won = 0; since = 0
}

/* -------------------------------------------------------------------------------- a voter */

#ifdef PLANT_TWO_GRANTS
#define TAKEN(v, c) false
#else
#define TAKEN(v, c) (!over[v] && to[v] != (c) && left[v] > 0)
#endif
#ifdef PLANT_SAME_EPOCH
#define NEW(v, e) ((e) >= granted[v])
#else
#define NEW(v, e) ((e) > granted[v])
#endif
/* The very grant, or, of epochs that others told, the one that its owner has won. */
#define VERY(v, c, e, w) (granted[v] == (e) && (to[v] == (c) || (to[v] == NOBODY && (w) && (e) > 0)))
#ifdef PLANT_LOWER_RENEWAL
#define RENEWS(v, c, e, w) (VERY(v, c, e, w) || (w))
#else
#define RENEWS(v, c, e, w) VERY(v, c, e, w)
#endif
#ifdef PLANT_WITHOUT_MEMORY_AT_ONCE
#define VOTES(v) true
#else
#define VOTES(v) (!BLANK(v))
#endif

#define GRANTS(v, c, e, w) (VOTES(v) && !TAKEN(v, c) && (NEW(v, e) || RENEWS(v, c, e, w)))

inline grant(v, c, e)
{
	assert(e >= highest[v]);
	highest[v] = e;
	granted[v] = e;
	to[v] = c;
	over[v] = 0;
	left[v] = LIVE;
	printf("%c grants %d to %c\n", VOTER(v), e, NAME(c))
}

inline answered(c, v, t)
{
	if
	:: c == A -> passed0[v] = YOUNGER(passed0[v], t)
	:: else -> passed1[v] = YOUNGER(passed1[v], t)
	fi
}

inline release(v, c, e)
{
	if
#ifdef PLANT_RELEASE_OF_ANY_EPOCH
	:: to[v] == c && !over[v] ->
#else
	:: to[v] == c && granted[v] == e && !over[v] ->
#endif
		over[v] = 1;
		left[v] = 0;
		printf("%c takes the release of %d by %c\n", VOTER(v), e, NAME(c))
	:: else
	fi
}

/* -------------------------------------------------------------------------------- messages come */

inline deliver()
{
	take();
	if
	:: kind == CLAIM && GRANTS(at, from, number, won) ->
		grant(at, from, number);
		send(ANSWER, from, at, number, 0, since)
	:: kind == RELEASE -> release(at, from, number)
	:: kind == ANSWER && state[from] != IDLE && epoch[from] == number ->
		since = (COUNTS_FROM_SENDING -> since : 0);
		printf("%c hears that %c has granted %d, asked %d ticks ago\n", NAME(from), VOTER(at), number, since);
		answered(from, at, since)
	:: else /* refused, or too late: or lost */
	fi;
	scratch()
}

/* -------------------------------------------------------------------------------- a claimant */

#ifdef OUTSIDE
#define KNOWN(c) epoch[c]
#define MAY_CLAIM(c) true
#else
#define KNOWN(c) OLDER(epoch[c], granted[c])
#ifdef PLANT_WITHOUT_MEMORY_CLAIMS
#define MAY_CLAIM(c) true
#else
#define MAY_CLAIM(c) !BLANK(c)
#endif
#endif

inline claim(c)
{
	number = KNOWN(c) + 1;
	do
	:: number < EPOCHS -> number++
	:: break
	od;
	epoch[c] = number;
	state[c] = CLAIMS;
	printf("%c claims %d\n", NAME(c), number);
	number = 0
}

#if defined(LOSS) || defined(PLANT_LOWER_RENEWAL)
#define WON(c) (state[c] == RUNS)
#else
#define WON(c) 0
#endif

inline ask(c, v)
{
	won = WON(c);
	if
	:: IS(c, v) ->
		from = c;
		number = epoch[c];
		if
		:: GRANTS(v, c, epoch[c], won) -> grant(v, c, epoch[c]); answered(c, v, 0)
		:: else
		fi
	:: else -> send(CLAIM, c, v, epoch[c], won, 0)
	fi;
	scratch()
}

inline start(c)
{
	printf("%c runs the service by %d, asked %d ticks ago\n", NAME(c), epoch[c], LEASE(c));
	state[c] = RUNS;
	assert(state[1 - c] != RUNS);
	assert(epoch[c] > newest);
	newest = epoch[c]
}

inline end(c)
{
	if
	:: state[c] == RUNS -> printf("%c: the service of %d has ended\n", NAME(c), epoch[c])
	:: else -> printf("%c gives up %d\n", NAME(c), epoch[c])
	fi;
	state[c] = IDLE;
	forget_answers(c);
	drop_answers(c)
}

#ifdef NO_RELEASES
#define MAY_RELEASE(c) false
#elif defined(PLANT_RELEASE_BEFORE_END)
#define MAY_RELEASE(c) (epoch[c] > 0)
#else
#define MAY_RELEASE(c) (state[c] == IDLE && epoch[c] > 0)
#endif

inline tell_release(c, v)
{
	if
	:: IS(c, v) -> release(v, c, epoch[c])
	:: else -> send(RELEASE, c, v, epoch[c], 0, 0)
	fi
}

/* -------------------------------------------------------------------------------- hosts */

#ifdef NO_RESTARTS
#define MAY_RESTART false
#else
#define MAY_RESTART true
#endif

inline restart_voter(v)
{
#ifdef PLANT_ANSWER_BEFORE_STORE
	granted[v] = disk_granted[v];
	to[v] = disk_to[v];
	over[v] = disk_over[v];
#endif
#ifdef PLANT_FORGETS_AT_RESTART
	left[v] = 0;
#else
	left[v] = (over[v] -> 0 : LIVE);
#endif
#ifdef LOSS
	if
	:: blank[v] -> wait[v] = LIVE; heard[v] = 0; unused[v] = 0
	:: else
	fi
#endif
}

inline restart_claimant(c)
{
	state[c] = IDLE;
	forget_answers(c);
	drop_answers(c);
#ifdef PLANT_EPOCH_NOT_STORED
	epoch[c] = 0
#endif
}

inline restart(v)
{
	printf("%c restarts\n", VOTER(v));
	restart_voter(v);
#ifndef OUTSIDE
	if
	:: v < CANDIDATES -> restart_claimant(v)
	:: else
	fi
#endif
}

#ifdef LOSS
inline lose(v)
{
	printf("%c restarts without its memory\n", VOTER(v));
	lost = 1;
	granted[v] = 0;
	to[v] = NOBODY;
	over[v] = 1;
	left[v] = 0;
	highest[v] = 0;
	blank[v] = 1;
	wait[v] = LIVE;
#ifndef OUTSIDE
	if
	:: v < CANDIDATES -> restart_claimant(v); epoch[v] = 0
	:: else
	fi
#endif
}

#define BIT(h) (1 << (h))
#define OTHER_VOTERS(v) ((BIT(VOTERS) - 1) & ~BIT(v))
#ifdef OUTSIDE
#define HOSTS (VOTERS + CANDIDATES) /* after the voters the claimants */
#define TOLD(h) ((h) < VOTERS -> granted[h] : epoch[(h) - VOTERS])
#else
#define HOSTS VOTERS
#define TOLD(h) ((h) < CANDIDATES -> KNOWN(h) : granted[h])
#endif
#if defined(PLANT_HEARS_BEFORE_WAIT) || defined(PLANT_WITHOUT_MEMORY_DOES_NOT_WAIT)
#define MAY_HEAR(v) true
#else
#define MAY_HEAR(v) (wait[v] == 0)
#endif

inline hear(v, u)
{
	heard[v] = heard[v] | BIT(u);
	if
	:: granted[v] < TOLD(u) -> granted[v] = TOLD(u)
	:: else
	fi;
	printf("%c hears of %c's epoch %d\n", VOTER(v), VOTER(u), TOLD(u))
}

/* Has nothing ever been claimed? */
#ifdef PLANT_NO_WAIT_IF_NOBODY_GRANTED
#define UNUSED(h) ((h) < VOTERS && granted[h] == 0)
#define ALL_UNUSED(v) ((unused[v] & OTHER_VOTERS(v)) == OTHER_VOTERS(v))
#elif defined(PLANT_NO_WAIT_IF_MAJORITY_UNUSED)
#define UNUSED(h) ((h) < VOTERS && TOLD(h) == 0)
#define ALL_UNUSED(v) ((unused[v] & OTHER_VOTERS(v)) == OTHER_VOTERS(v))
#else
#define UNUSED(h) (TOLD(h) == 0)
#define ALL_UNUSED(v) ((unused[v] | BIT(v)) == BIT(HOSTS) - 1)
#endif

inline hear_unused(v)
{
	n = 0;
	do
	:: n + 1 < HOSTS -> n++
	:: break
	od;
	if
	:: n != v && UNUSED(n) ->
		unused[v] = unused[v] | BIT(n);
		printf("%c hears that host %d knows of no claim\n", VOTER(v), n);
		if
		:: n < VOTERS && granted[v] < TOLD(n) -> granted[v] = TOLD(n)
		:: else
		fi
	:: else
	fi;
	n = 0
}

#ifdef PLANT_WITHOUT_MEMORY_DOES_NOT_WAIT
#define WAITED(v) true
#else
#define WAITED(v) (wait[v] == 0)
#endif

inline has_memory(v)
{
	printf("%c votes again, from %d\n", VOTER(v), granted[v]);
	blank[v] = 0;
	heard[v] = 0;
	unused[v] = 0;
	wait[v] = 0
}
#endif

#define MAY_TICK \
	(!(state[A] == RUNS && LEASE(A) >= DEAD) && !(state[B] == RUNS && LEASE(B) >= DEAD))

inline tick()
{
	n = 0;
	do
	:: n < VOTERS ->
		left[n] = (left[n] > 0 -> left[n] - 1 : 0);
		passed0[n] = YOUNGER(passed0[n] + 1, OLD);
		passed1[n] = YOUNGER(passed1[n] + 1, OLD);
#ifdef LOSS
		wait[n] = (wait[n] > 0 -> wait[n] - 1 : 0);
#endif
		n++
	:: else -> break
	od;
	age_messages();
	scratch();
	n = 0;
	printf("a tick\n")
}

inline step_of_claimant(c)
{
	if
	:: state[c] == IDLE && MAY_CLAIM(c) && KNOWN(c) < EPOCHS -> claim(c)
	:: state[c] != IDLE -> ask(c, 0)
	:: state[c] != IDLE -> ask(c, 1)
	:: state[c] != IDLE -> ask(c, 2)
	:: state[c] == CLAIMS && LEASE(c) <= DEAD -> start(c)
	:: state[c] != IDLE -> end(c)
	:: MAY_RELEASE(c) -> tell_release(c, 0)
	:: MAY_RELEASE(c) -> tell_release(c, 1)
	:: MAY_RELEASE(c) -> tell_release(c, 2)
#if defined(OUTSIDE) && !defined(NO_RESTARTS)
	:: epoch[c] > 0 -> printf("%c restarts\n", NAME(c)); restart_claimant(c)
#endif
	fi
}

inline step_of_voter(v)
{
	if
	:: MAY_RESTART -> restart(v)
#ifdef PLANT_ANSWER_BEFORE_STORE
	:: disk_granted[v] = granted[v]; disk_to[v] = to[v]; disk_over[v] = over[v]
#endif
#ifdef LOSS
	:: !lost -> lose(v)
	:: blank[v] && MAY_HEAR(v) && !blank[(v + 1) % VOTERS] -> hear(v, (v + 1) % VOTERS)
	:: blank[v] && MAY_HEAR(v) && !blank[(v + 2) % VOTERS] -> hear(v, (v + 2) % VOTERS)
	:: blank[v] && wait[v] > 0 -> hear_unused(v)
	:: blank[v] && WAITED(v) && (heard[v] & OTHER_VOTERS(v)) == OTHER_VOTERS(v) -> has_memory(v)
	:: blank[v] && ALL_UNUSED(v) -> has_memory(v)
#endif
	fi
}

active proctype world()
{
	do
	:: atomic {
		if
		:: step_of_claimant(A)
		:: step_of_claimant(B)
		:: step_of_voter(0)
		:: step_of_voter(1)
		:: step_of_voter(2)
		:: len(net) > 0 -> deliver()
#ifdef PLANT_STOP_HANGS
		:: tick()
#else
		:: MAY_TICK -> tick()
#endif
		fi;
		forget_oldest(TOO_OLD(A, passed0, 0), passed0[0]);
		forget_oldest(TOO_OLD(A, passed0, 1), passed0[1]);
		forget_oldest(TOO_OLD(A, passed0, 2), passed0[2]);
		forget_oldest(TOO_OLD(B, passed1, 0), passed1[0]);
		forget_oldest(TOO_OLD(B, passed1, 1), passed1[1]);
		forget_oldest(TOO_OLD(B, passed1, 2), passed1[2])
	}
	od
}
