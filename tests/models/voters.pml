/* Leases while the voters change, and why there are never two owners nor an epoch that goes back.
 *
 * Voters 0, 1 and 2 are set n, 3 is set n + 1, so that a quorum of either has nobody of the other. X and Y claim
 * one service. That n + 1 was chosen is one fact here (ballots.pml has the decision): each voter and each claimant
 * hears of it when it likes, or never. Time and the two numbers LIVE and DEAD are as in majority.pml; a claim or
 * renewal under way (at most one) arrives with any delay, and its answer at once.
 * Before the choice X alone claims: what two do under one set is in majority.pml.
 * A voter's count of those that know of n + 1 ends with the tick: as kLongestBallot is shorter than any voter
 * without memory waits. With -DLOSS one voter, once, comes back without its memory.
 *
 * -DPLANT_… puts one fault into the protocol; run knows them.
 */

#define VOTERS 4
#define X 0
#define Y 1
#define CANDIDATES 2
#define PAIRS 8    /* a candidate and a voter */
#define NOBODY CANDIDATES

#ifndef EPOCHS
#define EPOCHS 2
#endif
#ifndef LIVE
#define LIVE 2
#endif
#define DEAD (LIVE - 1)
#define OLD (DEAD + 1)

#define OLD_SET 0     /* n */
#define JOINT 1       /* n + 1, together with n */
#define WHOLE 2       /* n + 1 alone */

#define IDLE 0
#define CLAIMS 1
#define RUNS 2

#define NAME(c) ((c) == X -> 'X' : 'Y')
#define AT(c, v) ((c) * VOTERS + (v))

/* Voters; stored but for `left` */
bit moved[VOTERS];         /* it has n + 1, and refuses what comes under n */
byte granted[VOTERS];
byte to[VOTERS] = NOBODY;
byte told[VOTERS];         /* the highest epoch that others know of */
byte left[VOTERS];
bit caught_up;             /* 3 has */
byte seen;                 /* of set n, those that 3 knows to have moved: a bit each */
byte waits;                /* ticks until what they granted before has ended; 0: it has not heard of a quorum yet */

/* Claimants */
byte state[CANDIDATES];
byte epoch[CANDIDATES];
byte set[CANDIDATES];
byte passed[PAIRS] = OLD;
byte kept[CANDIDATES] = OLD; /* what is left of the lease under n after it has moved on */
byte newest;               /* epoch of the newest owner: only to check */

bit chosen, whole;

/* One message: a claim or renewal. */
bit under_way;
byte from, at, number, since;
bit by_new, won;

#ifdef LOSS
bit lost;
byte blank = VOTERS;       /* who has no memory */
byte wait;
byte heard;
#define BLANK(v) (blank == (v))
#else
#define BLANK(v) false
#endif

byte n;

#define OLDER(a, b) ((a) > (b) -> (a) : (b))
#define YOUNGER(a, b) ((a) < (b) -> (a) : (b))
#define BIT(v) (1 << (v))
/* At least two of the first three bits. */
#define QUORUM_OF_OLD(x) (((x) & 7) == 3 || ((x) & 7) == 5 || ((x) & 7) == 6 || ((x) & 7) == 7)

#define P(c, v) passed[AT(c, v)]
#define UNDER_OLD(c) OLDER(YOUNGER(P(c, 0), P(c, 1)), YOUNGER(OLDER(P(c, 0), P(c, 1)), P(c, 2)))
#define UNDER_NEW(c) P(c, 3)
/* What is older than two others can never count again: one state instead of many. */
#define TOO_OLD(c, v) (P(c, v) >= P(c, ((v) + 1) % 3) && P(c, v) >= P(c, ((v) + 2) % 3))
#ifdef PLANT_ONE_SET_IS_ENOUGH
#define UNDER_BOTH(c) UNDER_NEW(c)
#else
#define UNDER_BOTH(c) OLDER(UNDER_OLD(c), UNDER_NEW(c))
#endif
/* Ticks since what the lease counts from. */
#define COUNTED(c) (set[c] == OLD_SET -> UNDER_OLD(c) : (set[c] == JOINT -> UNDER_BOTH(c) : UNDER_NEW(c)))
#define LEASE(c) YOUNGER(kept[c], COUNTED(c))

#define HIGHEST(v) OLDER(granted[v], told[v])
#define LIVE_GRANT(v) (to[v] != NOBODY && left[v] > 0)
#define TAKEN(v, c) (LIVE_GRANT(v) && to[v] != (c))
/* The very grant; where others have told of no lower epoch, only to whoever has won it, and of a higher one only while it lives. */
#ifdef PLANT_TOLD_BEFORE_WON
#define VERY(v, c, e, w) (granted[v] == (e) && to[v] == (c) && (told[v] <= granted[v] || left[v] > 0))
#else
#define VERY(v, c, e, w) (granted[v] == (e) && to[v] == (c) && ((e) > told[v] || (w) && (told[v] == (e) || left[v] > 0)))
#endif
#define TOLD(v, e, w) ((w) && (e) == HIGHEST(v) && (to[v] == NOBODY || told[v] >= granted[v]))
#ifdef PLANT_OLD_SET_GOES_ON
#define SAME_SET(v, m) (moved[v] || !(m))
#else
#define SAME_SET(v, m) (moved[v] == (m))
#endif
#define GRANTS(v, c, e, w, m) \
	(!BLANK(v) && SAME_SET(v, m) && !TAKEN(v, c) && (VERY(v, c, e, w) || (e) > HIGHEST(v) || TOLD(v, e, w)))

inline forget_answers(c)
{
	P(c, 0) = OLD; P(c, 1) = OLD; P(c, 2) = OLD; P(c, 3) = OLD
}

inline forget_oldest(c, v)
{
	if
	:: TOO_OLD(c, v) -> P(c, v) = OLD
	:: else
	fi
}

inline clear()
{
	under_way = 0; from = 0; at = 0; number = 0; since = 0; by_new = 0; won = 0
}

/* -------------------------------------------------------------------------------- a claimant */

inline claim(c)
{
	epoch[c] = epoch[c] + 1;
	do
	:: epoch[c] < EPOCHS -> epoch[c] = epoch[c] + 1
	:: break
	od;
	state[c] = CLAIMS;
	printf("%c claims %d\n", NAME(c), epoch[c])
}

inline ask(c, v)
{
	under_way = 1;
	from = c;
	at = v;
	number = epoch[c];
	since = 0;
	by_new = (set[c] != OLD_SET);
	won = (state[c] == RUNS)
}

inline start(c)
{
	printf("%c runs the service by %d\n", NAME(c), epoch[c]);
	state[c] = RUNS;
	assert(state[1 - c] != RUNS);
	assert(epoch[c] > newest);
	newest = epoch[c]
}

inline end(c)
{
	printf("%c gives up %d, or its service has ended\n", NAME(c), epoch[c]);
	state[c] = IDLE;
	kept[c] = OLD;
	forget_answers(c);
	if
	:: under_way && from == c -> clear()
	:: else
	fi
}

inline move_on(c)
{
	if
	:: set[c] == OLD_SET ->
#ifdef PLANT_KEEPS_COUNTING
		skip;
#else
		kept[c] = (state[c] == RUNS -> UNDER_OLD(c) : OLD);
		forget_answers(c);
#endif
		set[c] = JOINT;
		printf("%c counts by both sets\n", NAME(c))
	:: else
	fi
}

inline become_whole(c)
{
	printf("%c counts by the new set alone\n", NAME(c));
	if
	:: set[c] == OLD_SET -> kept[c] = (state[c] == RUNS -> UNDER_OLD(c) : OLD); forget_answers(c)
	:: else
	fi;
	set[c] = WHOLE
}

/* -------------------------------------------------------------------------------- a voter */

inline deliver()
{
	if
	:: GRANTS(at, from, number, won, by_new) ->
		if
		:: granted[at] != number || to[at] != from -> told[at] = 0
		:: else
		fi;
		granted[at] = number;
		to[at] = from;
		left[at] = LIVE;
		printf("%d grants %d to %c\n", at, number, NAME(from));
		if
		:: state[from] != IDLE && epoch[from] == number -> P(from, at) = YOUNGER(P(from, at), since)
		:: else
		fi
	:: else
	fi;
	clear()
}

#ifdef PLANT_SEES_WHO_HAS_NOT_MOVED
#define MAY_SEE(u) (!BLANK(u) && !BLANK(3) && moved[3] && !caught_up && waits == 0 && (seen & BIT(u)) == 0)
#else
#define MAY_SEE(u) (moved[u] && !BLANK(u) && !BLANK(3) && moved[3] && !caught_up && waits == 0 && (seen & BIT(u)) == 0)
#endif

/* 3 hears of u, a voter of n, that it has moved. */
inline see(u)
{
	printf("3 hears that %d has moved, and of epoch %d\n", u, HIGHEST(u));
	seen = seen | BIT(u);
#ifndef PLANT_EPOCHS_NOT_TOLD
	told[3] = OLDER(told[3], HIGHEST(u));
#endif
	if
	:: QUORUM_OF_OLD(seen) ->
#ifdef PLANT_NO_WAIT
		waits = 1;
#else
		waits = LIVE + 1;
#endif
		seen = 0
	:: else
	fi
}

#ifdef LOSS
inline lose(v)
{
	printf("%d restarts without its memory\n", v);
	lost = 1;
	blank = v;
	wait = LIVE;
	heard = 0;
	moved[v] = 0;
	granted[v] = 0;
	to[v] = NOBODY;
	told[v] = 0;
	left[v] = 0;
	if
	:: v == 3 -> caught_up = 0; seen = 0; waits = 0
	:: else
	fi
}

inline hear(u)
{
	heard = heard | BIT(u);
	told[blank] = OLDER(told[blank], HIGHEST(u));
	moved[blank] = moved[blank] || moved[u];
	printf("%d hears what %d knows\n", blank, u)
}

/* More than half of the others, of each set that counts as far as it knows. */
#define OTHERS_OF_OLD(v) ((v) == 3 -> QUORUM_OF_OLD(heard) : ((heard | BIT(v)) & 7) == 7)
#define OTHERS_OF_NEW(v) (heard & 8)
/* 3 has nobody beside it in its set: its loss is more than fewer than a quorum, once it has moved. */
#define MAY_LOSE(v) ((v) != 3 || !moved[3])
#define HEARD_ENOUGH(v) (OTHERS_OF_OLD(v) && (!moved[v] || (v) == 3 || OTHERS_OF_NEW(v)))

inline remember()
{
	printf("%d votes again\n", blank);
	blank = VOTERS;
	heard = 0;
	wait = 0
}
#endif

#define MAY_TICK \
	(!(state[X] == RUNS && LEASE(X) >= DEAD) && !(state[Y] == RUNS && LEASE(Y) >= DEAD))

inline tick()
{
	n = 0;
	do
	:: n < VOTERS ->
		left[n] = (left[n] > 0 -> left[n] - 1 : 0);
		passed[n] = YOUNGER(passed[n] + 1, OLD);
		passed[VOTERS + n] = YOUNGER(passed[VOTERS + n] + 1, OLD);
		n++
	:: else -> break
	od;
	n = 0;
	waits = (waits > 1 -> waits - 1 : waits);
#ifndef PLANT_STALE_ANSWERS
	seen = 0;
#endif
	kept[X] = YOUNGER(kept[X] + 1, OLD);
	kept[Y] = YOUNGER(kept[Y] + 1, OLD);
#ifdef LOSS
	wait = (wait > 0 -> wait - 1 : 0);
#endif
	if
	:: under_way -> since = since + 1
	:: else
	fi;
	if
	:: since == OLD -> clear()
	:: else
	fi;
	printf("a tick\n")
}

inline step_of_claimant(c)
{
	if
	:: state[c] == IDLE && epoch[c] < EPOCHS && (c == X || chosen) -> claim(c)
	:: state[c] != IDLE && !under_way && P(c, 0) > 0 && set[c] != WHOLE -> ask(c, 0)
	:: state[c] != IDLE && !under_way && P(c, 1) > 0 && set[c] != WHOLE -> ask(c, 1)
	:: state[c] != IDLE && !under_way && P(c, 2) > 0 && set[c] != WHOLE -> ask(c, 2)
	:: state[c] != IDLE && !under_way && set[c] != OLD_SET && P(c, 3) > 0 -> ask(c, 3)
	:: state[c] == CLAIMS && LEASE(c) <= DEAD -> start(c)
	:: state[c] != IDLE -> end(c)
	:: chosen && set[c] == OLD_SET -> move_on(c)
	:: whole && set[c] != WHOLE -> become_whole(c)
	fi
}

inline step_of_voter(v)
{
	if
	:: chosen && !moved[v] && !BLANK(v) -> moved[v] = 1; printf("%d moves to the new set\n", v)
#ifdef LOSS
	:: !lost && MAY_LOSE(v) -> lose(v)
	:: blank != VOTERS && blank != v && wait == 0 -> hear(v)
#endif
	fi
}

active proctype world()
{
	do
	:: atomic {
		if
		:: step_of_claimant(X)
		:: step_of_claimant(Y)
		:: step_of_voter(0)
		:: step_of_voter(1)
		:: step_of_voter(2)
		:: step_of_voter(3)
		:: MAY_SEE(0) -> see(0)
		:: MAY_SEE(1) -> see(1)
		:: MAY_SEE(2) -> see(2)
		:: !BLANK(3) && waits == 1 -> caught_up = 1; waits = 0; printf("3 has caught up\n")
		:: under_way -> deliver()
		:: !chosen -> chosen = 1; printf("the new set is chosen\n")
		:: !whole && caught_up -> whole = 1; printf("the new set is whole\n")
#ifdef LOSS
		:: blank != VOTERS && wait == 0 && HEARD_ENOUGH(blank) -> remember()
#endif
		:: MAY_TICK -> tick()
		fi;
		forget_oldest(X, 0); forget_oldest(X, 1); forget_oldest(X, 2);
		forget_oldest(Y, 0); forget_oldest(Y, 1); forget_oldest(Y, 2)
	}
	od
}
