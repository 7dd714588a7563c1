/* The decision on the next set of voters: two proposers, three voters, and never two choices.
 *
 * A and B wish for different sets and begin ballots as they like; A, B and C vote. What was sent may be lost, come late,
 * twice and in any order: so a message is a fact that stays, and whoever it is for takes it or not. Time is told as
 * what has passed since a ballot began; after LONG ticks its proposer counts no answer to it, which is as long
 * as a voter without memory waits before it hears what the others have promised and accepted.
 * Any host may restart at any time: its ballot is over then, and what it promised and accepted is stored.
 * With -DLOSS one host, once, comes back without its memory. A host that is away is one that does nothing.
 *
 * -DPLANT_… puts one fault into the protocol; run knows them.
 */

#define VOTERS 3
#define PROPOSERS 2
#define QUORUM 2
#ifdef FOUR
#define BALLOTS 4
#define NUMBERS 5
#define ANSWERS 12
#else
#define NUMBERS 4
#define ANSWERS 9
#define BALLOTS 3          /* each is begun once, by A or by B: two draws are never the same */
#endif
#ifndef LONG
#define LONG 1
#endif

#define NAME(v) ((v) == 0 -> 'A' : ((v) == 1 -> 'B' : 'C'))
#define WISH(p) ((p) + 1)
#define AT(b, v) (((b) - 1) * VOTERS + (v))
#define NOTHING 255

/* Voters; stored. */
byte promised[VOTERS];
byte accepted[VOTERS];     /* the ballot */
byte next[VOTERS];         /* the set */

/* Ballots, by number */
byte proposer[NUMBERS] = NOTHING;
bit counts[NUMBERS];   /* its proposer still does */
bit asked[NUMBERS];    /* its proposer has promised, and asks the others */
byte age[NUMBERS];
byte proposed[NUMBERS]; /* the set, once it was sent to be accepted */

/* Answers under way, by ballot and voter: what the voter had accepted when it promised, by ballot; and whether it accepted. */
byte promise[ANSWERS] = NOTHING;
bit acceptance[ANSWERS];

byte chosen;

#ifdef LOSS
bit lost;
bit blank[VOTERS];
byte wait[VOTERS];
byte heard[VOTERS];
byte unused[VOTERS];
#define BLANK(v) blank[v]
#else
#define BLANK(v) false
#endif

byte n, best;

#ifdef PLANT_BALLOT_WITHOUT_END
#define IN_TIME(b) counts[b]
#else
#define IN_TIME(b) (counts[b] && age[b] < LONG)
#endif
#define PROMISED(b, v) (promise[AT(b, v)] != NOTHING)
#ifdef PLANT_ONE_PROMISE_IS_ENOUGH
#define PROMISES_NEEDED 1
#else
#define PROMISES_NEEDED QUORUM
#endif

/* Its own promise comes first. */
#ifdef PLANT_OTHERS_PROMISE_FIRST
#define ASKED(b, v) true
#else
#define ASKED(b, v) (asked[b] || (v) == proposer[b] && counts[b])
#endif

inline begin(p)
{
	n = 1;
	do
	:: n < BALLOTS -> n++
	:: break
	od;
	if
	:: proposer[n] == NOTHING && n > promised[p] ->
		proposer[n] = p;
		counts[n] = 1;
		age[n] = 0;
		printf("%c begins ballot %d\n", NAME(p), n)
	:: else
	fi;
	n = 0
}

inline vote(v)
{
	n = 1;
	do
	:: n < BALLOTS -> n++
	:: break
	od;
	if
	:: proposer[n] != NOTHING && ASKED(n, v) && !PROMISED(n, v) && n >= promised[v] ->
		promised[v] = n;
		promise[AT(n, v)] = accepted[v];
		asked[n] = asked[n] || v == proposer[n];
		printf("%c promises %d, and has accepted %d\n", NAME(v), n, accepted[v])
#ifdef PLANT_ACCEPTS_IN_SPITE_OF_PROMISE
	:: proposed[n] != 0 ->
#else
	:: proposed[n] != 0 && n >= promised[v] && !(accepted[v] == n && acceptance[AT(n, v)]) ->
#endif
		promised[v] = n;
		accepted[v] = n;
		next[v] = proposed[n];
		acceptance[AT(n, v)] = 1;
		printf("%c accepts set %d in ballot %d\n", NAME(v), next[v], n)
	:: else
	fi;
	n = 0
}

#define PROMISES(b) (PROMISED(b, 0) + PROMISED(b, 1) + PROMISED(b, 2))
#define ACCEPTANCES(b) (acceptance[AT(b, 0)] + acceptance[AT(b, 1)] + acceptance[AT(b, 2)])
#define OLDEST(b, v) (PROMISED(b, v) && promise[AT(b, v)] > best -> promise[AT(b, v)] : best)

inline count(b)
{
	if
	:: proposer[b] != NOTHING && IN_TIME(b) && proposed[b] == 0 && PROMISES(b) >= PROMISES_NEEDED ->
		best = 0;
		best = OLDEST(b, 0);
		best = OLDEST(b, 1);
		best = OLDEST(b, 2);
#ifdef PLANT_OWN_WISH
		best = 0;
#endif
		proposed[b] = (best == 0 -> WISH(proposer[b]) : proposed[best]);
		printf("%c asks to accept set %d in ballot %d\n", NAME(proposer[b]), proposed[b], b);
		best = 0
	:: proposer[b] != NOTHING && IN_TIME(b) && proposed[b] != 0 && ACCEPTANCES(b) >= QUORUM ->
		printf("%c: set %d is chosen\n", NAME(proposer[b]), proposed[b]);
		assert(chosen == 0 || chosen == proposed[b]);
		chosen = proposed[b];
		counts[b] = 0
	:: else
	fi
}

/* Answers to a ballot that is over, or has gone on, are nothing any more: one state instead of many. */
inline forget_answers(b)
{
	if
	:: !IN_TIME(b) || proposed[b] != 0 ->
		promise[AT(b, 0)] = NOTHING; promise[AT(b, 1)] = NOTHING; promise[AT(b, 2)] = NOTHING
	:: else
	fi;
	if
	:: !IN_TIME(b) ->
		counts[b] = 0;
		age[b] = 0;
		proposer[b] = (proposer[b] == NOTHING -> NOTHING : 0);
		acceptance[AT(b, 0)] = 0; acceptance[AT(b, 1)] = 0; acceptance[AT(b, 2)] = 0
	:: else
	fi
}

inline end_ballots(p)
{
	n = 1;
	do
	:: n <= BALLOTS ->
		if
		:: proposer[n] == p -> counts[n] = 0
		:: else
		fi;
		n++
	:: else -> break
	od;
	n = 0
}

inline restart(v)
{
	printf("%c restarts\n", NAME(v));
#ifdef PLANT_ACCEPTED_NOT_STORED
	accepted[v] = 0;
	next[v] = 0;
#endif
	end_ballots(v)
}

#ifdef LOSS
#define BIT(h) (1 << (h))
#define OTHERS(v) (7 & ~BIT(v))

inline lose(v)
{
	printf("%c restarts without its memory\n", NAME(v));
	lost = 1;
	promised[v] = 0;
	accepted[v] = 0;
	next[v] = 0;
	blank[v] = 1;
	wait[v] = LONG;
	end_ballots(v)
}

#ifdef PLANT_HEARS_BEFORE_WAIT
#define MAY_HEAR(v) true
#else
#define MAY_HEAR(v) (wait[v] == 0)
#endif

inline hear(v, u)
{
	if
	:: MAY_HEAR(v) ->
		heard[v] = heard[v] | BIT(u);
		promised[v] = (promised[v] < promised[u] -> promised[u] : promised[v]);
		if
		:: accepted[v] < accepted[u] -> accepted[v] = accepted[u]; next[v] = next[u]
		:: else
		fi;
		printf("%c hears that %c has promised %d and accepted %d\n", NAME(v), NAME(u), promised[u], accepted[u])
	:: promised[u] == 0 -> unused[v] = unused[v] | BIT(u); printf("%c hears that %c has promised nothing\n", NAME(v), NAME(u))
	:: else
	fi
}

#ifdef PLANT_WITHOUT_MEMORY_AT_ONCE
#define REMEMBERS(v) true
#else
#define REMEMBERS(v) ((heard[v] & OTHERS(v)) == OTHERS(v) || (unused[v] & OTHERS(v)) == OTHERS(v))
#endif

inline remember(v)
{
	printf("%c votes again\n", NAME(v));
	blank[v] = 0;
	heard[v] = 0;
	unused[v] = 0;
	wait[v] = 0
}
#endif

inline tick()
{
	n = 1;
	do
	:: n <= BALLOTS ->
		if
		:: counts[n] && age[n] < LONG -> age[n] = age[n] + 1
		:: else
		fi;
		n++
	:: else -> break
	od;
#ifdef LOSS
	n = 0;
	do
	:: n < VOTERS -> wait[n] = (wait[n] > 0 -> wait[n] - 1 : 0); n++
	:: else -> break
	od;
#endif
	n = 0;
	printf("a tick\n")
}

/* A and B are alike: whoever begins first is A. */
#define ANY_BALLOT (proposer[1] != NOTHING || proposer[2] != NOTHING || proposer[3] != NOTHING)

inline step_of(v)
{
	if
	:: v < PROPOSERS && !BLANK(v) && (v == 0 || ANY_BALLOT) -> begin(v)
	:: !BLANK(v) -> vote(v)
	:: restart(v)
#ifdef LOSS
	:: !lost -> lose(v)
	:: blank[v] && !blank[(v + 1) % VOTERS] -> hear(v, (v + 1) % VOTERS)
	:: blank[v] && !blank[(v + 2) % VOTERS] -> hear(v, (v + 2) % VOTERS)
	:: blank[v] && REMEMBERS(v) -> remember(v)
#endif
	fi
}

active proctype world()
{
	do
	:: atomic {
		if
		:: step_of(0)
		:: step_of(1)
		:: step_of(2)
		:: proposer[1] != NOTHING -> count(1)
		:: proposer[2] != NOTHING -> count(2)
		:: proposer[3] != NOTHING -> count(3)
#if BALLOTS > 3
		:: proposer[4] != NOTHING -> count(4)
#endif
		:: tick()
		fi;
		d_step {
			forget_answers(1);
			forget_answers(2);
			forget_answers(3)
#if BALLOTS > 3
			;
			forget_answers(4)
#endif
		}
	}
	od
}
