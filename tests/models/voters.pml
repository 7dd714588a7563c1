/* Leases while the voters change, and why there are never two owners nor an epoch that goes back.
 *
 * Voters 0, 1 and 2 are set n, 3 is set n + 1, so that a quorum of either has nobody of the other. X and Y claim
 * one service. That n + 1 was chosen is one fact here (ballots.pml has the decision): each voter and each claimant
 * hears of it when it likes, or never, and an idle claimant may claim by any set that counted once, as a host would that
 * has been away. Time and the two numbers LIVE and DEAD are as in majority.pml; a claim or renewal under way (at most
 * one) arrives with any delay, or with -DPROMPT within the tick, at any of those that were asked, and its answer at once.
 * Answers count by who gave them, whatever the set that they were asked by, as in OwnLease.
 * Before the choice X alone claims: what two do under one set is in majority.pml, and so is the restart of a voter, by
 * which a grant only lives longer. A voter's count of those that know of n + 1 ends with the tick: as kLongestBallot is
 * shorter than any voter without memory waits. With -DLOSS one voter, once, comes back without its memory.
 *
 * So that a search ends, states that differ in nothing that can matter are made one (`forget_…`, `sort`), after each step.
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
#define EPOCHS 1   /* each claims so often at most */
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

bit chosen;

/* One message under way, to whichever voters were asked: a claim or renewal of its claimant's epoch. */
byte from = NOBODY;
byte since;
bit by_new, won;

#ifdef LOSS
bit lost;
byte blank = VOTERS;       /* who has no memory */
byte wait;
byte heard;
#define BLANK(v) (blank == (v))
#define HEARD heard
#else
#define BLANK(v) false
#define HEARD 0
#endif

byte n, spare;

#define OLDER(a, b) ((a) > (b) -> (a) : (b))
#define YOUNGER(a, b) ((a) < (b) -> (a) : (b))
#ifdef PROMPT
#define LATER(since) OLD
#else
#define LATER(since) (since + 1)
#endif
#define BIT(v) (1 << (v))
/* At least two of the first three bits. */
#define QUORUM_OF_OLD(x) (((x) & 7) == 3 || ((x) & 7) == 5 || ((x) & 7) == 6 || ((x) & 7) == 7)

#define P(c, v) passed[AT(c, v)]
#define UNDER_OLD(c) OLDER(YOUNGER(P(c, 0), P(c, 1)), YOUNGER(OLDER(P(c, 0), P(c, 1)), P(c, 2)))
#define UNDER_NEW(c) P(c, 3)
#if defined(PLANT_NEW_SET_IS_ENOUGH)
#define UNDER_BOTH(c) UNDER_NEW(c)
#elif defined(PLANT_OLD_SET_IS_ENOUGH)
#define UNDER_BOTH(c) UNDER_OLD(c)
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

inline clear()
{
	from = NOBODY; since = 0; by_new = 0; won = 0
}

/* -------------------------------------------------------------------------------- a claimant */

inline claim(c)
{
	do
	:: epoch[c] = epoch[c] + 1;
		if
		:: epoch[c] == EPOCHS -> break
		:: epoch[c] < EPOCHS -> break
		:: epoch[c] < EPOCHS
		fi
	od;
	if
	:: set[c] = OLD_SET
	:: chosen -> set[c] = JOINT
	:: caught_up -> set[c] = WHOLE
	fi;
	state[c] = CLAIMS;
	printf("%c claims %d\n", NAME(c), epoch[c])
}

inline ask(c)
{
	from = c;
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
	set[c] = OLD_SET;
	kept[c] = OLD;
	forget_answers(c);
	if
	:: from == c -> clear()
	:: else
	fi
}

inline move_on(c)
{
	kept[c] = (state[c] == RUNS -> UNDER_OLD(c) : OLD);
	forget_answers(c);
	set[c] = JOINT;
	printf("%c counts by both sets\n", NAME(c))
}

inline become_whole(c)
{
	printf("%c counts by the new set alone\n", NAME(c));
	if
	:: set[c] == OLD_SET -> move_on(c)
	:: else
	fi;
	set[c] = WHOLE
}

/* -------------------------------------------------------------------------------- a voter */

inline deliver(v)
{
	if
	:: GRANTS(v, from, epoch[from], won, by_new) ->
		if
		:: granted[v] != epoch[from] || to[v] != from -> told[v] = 0
		:: else
		fi;
		granted[v] = epoch[from];
		to[v] = from;
		left[v] = LIVE;
		printf("%d grants %d to %c\n", v, epoch[from], NAME(from));
		P(from, v) = YOUNGER(P(from, v), since)
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
	:: from != NOBODY -> since = LATER(since)
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
	:: state[c] == IDLE && epoch[c] < EPOCHS && (c == X || chosen && epoch[X] > 0) -> claim(c)
	:: state[c] != IDLE && from == NOBODY -> ask(c)
	:: state[c] == CLAIMS && LEASE(c) <= DEAD -> start(c)
	:: state[c] != IDLE -> end(c)
	:: state[c] != IDLE && chosen && set[c] == OLD_SET -> move_on(c)
	:: state[c] != IDLE && caught_up && set[c] != WHOLE -> become_whole(c)
	fi
}

inline step_of_voter(v)
{
	if
	:: chosen && !moved[v] && !BLANK(v) -> moved[v] = 1; printf("%d moves to the new set\n", v)
#ifdef LOSS
	:: !lost && chosen && MAY_LOSE(v) -> lose(v)
	:: blank != VOTERS && blank != v && wait == 0 -> hear(v)
#endif
	fi
}

/* -------------------------------------------------------------------------------- one state instead of many */

/* What is older than two others can never count again. */
#define TOO_OLD(c, v) (P(c, v) >= P(c, ((v) + 1) % 3) && P(c, v) >= P(c, ((v) + 2) % 3))
inline forget_oldest(c, v)
{
	if
	:: TOO_OLD(c, v) -> P(c, v) = OLD
	:: else
	fi
}

/* Both grow alike, so the older never matters. */
inline forget_kept(c)
{
	if
	:: kept[c] >= COUNTED(c) -> kept[c] = OLD
	:: else
	fi
}

/* What has run out, and nobody asks to prolong, is an epoch that is known and no more. */
#define MAY_ASK_AGAIN(c, e) (state[c] != IDLE && epoch[c] == (e))
inline forget_grant(v)
{
	if
	:: to[v] != NOBODY && left[v] == 0 && !MAY_ASK_AGAIN(to[v], granted[v]) ->
		granted[v] = HIGHEST(v); to[v] = NOBODY; told[v] = 0
	:: else
	fi;
	if
	:: told[v] < granted[v] -> told[v] = 0
	:: else
	fi
}

/* Nobody asks the voters of n any more. */
#define NEEDS_OLD(c) ((state[c] == IDLE && epoch[c] < EPOCHS) || (state[c] != IDLE && set[c] != WHOLE))
inline forget_old_voter(v)
{
	moved[v] = 1; granted[v] = 0; to[v] = NOBODY; told[v] = 0; left[v] = 0; P(X, v) = OLD; P(Y, v) = OLD
}

/* Nobody claims any more. */
#define OUT(c) (state[c] == IDLE && epoch[c] == EPOCHS)
inline forget_all()
{
	forget_old_voter(0); forget_old_voter(1); forget_old_voter(2); forget_old_voter(3);
	chosen = 1; caught_up = 1; seen = 0; waits = 0; newest = 0;
#ifdef LOSS
	lost = 1; blank = VOTERS; wait = 0; heard = 0
#endif
}
#ifdef LOSS
#define MAY_HEAR_OLD (blank != VOTERS || !lost)
#else
#define MAY_HEAR_OLD false
#endif

/* Voters of n are alike: which of them is 0, 1 or 2 does not matter. */
#define IN(bits, v) (((bits) >> (v)) & 1)
#define COLUMN(v) (((((((((moved[v] * 2 + IN(seen, v)) * 2 + IN(HEARD, v)) * 2 + BLANK(v)) * 4 + granted[v]) * 4 + \
	to[v]) * 4 + told[v]) * 8 + left[v]) * 8 + P(X, v)) * 8 + P(Y, v))

inline exchange(a, b) { spare = a; a = b; b = spare }
inline exchange_bits(bits, u, v)
{
	if
	:: IN(bits, u) != IN(bits, v) -> bits = bits ^ (BIT(u) | BIT(v))
	:: else
	fi
}
inline sort(u, v)
{
	if
	:: COLUMN(u) > COLUMN(v) ->
		printf("%d and %d change their names\n", u, v);
		exchange(moved[u], moved[v]);
		exchange(granted[u], granted[v]);
		exchange(to[u], to[v]);
		exchange(told[u], told[v]);
		exchange(left[u], left[v]);
		exchange(P(X, u), P(X, v));
		exchange(P(Y, u), P(Y, v));
		exchange_bits(seen, u, v)
#ifdef LOSS
		;
		exchange_bits(heard, u, v);
		blank = (blank == (u) -> (v) : (blank == (v) -> (u) : blank))
#endif
	:: else
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
		:: !BLANK(3) && waits == 1 -> caught_up = 1; waits = 0; printf("3 has caught up: the new set is whole\n")
		:: from != NOBODY -> deliver(0)
		:: from != NOBODY -> deliver(1)
		:: from != NOBODY -> deliver(2)
		:: from != NOBODY && by_new -> deliver(3)
		:: !chosen -> chosen = 1; printf("the new set is chosen\n")
#ifdef LOSS
		:: blank != VOTERS && wait == 0 && HEARD_ENOUGH(blank) -> remember()
#endif
		:: MAY_TICK -> tick()
		fi;
		d_step {
			forget_oldest(X, 0); forget_oldest(X, 1); forget_oldest(X, 2);
			forget_oldest(Y, 0); forget_oldest(Y, 1); forget_oldest(Y, 2);
			forget_kept(X); forget_kept(Y);
			forget_grant(0); forget_grant(1); forget_grant(2); forget_grant(3);
			if
			:: OUT(X) && OUT(Y) -> forget_all()
			:: else
			fi;
			if
			:: !NEEDS_OLD(X) && !NEEDS_OLD(Y) && !MAY_HEAR_OLD && caught_up ->
				forget_old_voter(0); forget_old_voter(1); forget_old_voter(2)
			:: else -> sort(0, 1); sort(1, 2); sort(0, 1)
			fi;
			spare = 0
		}
	}
	od
}
