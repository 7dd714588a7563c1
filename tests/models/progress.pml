/* A network that has become stable: exactly one host runs the service soon, and goes on; no eternal split, no ping-pong.
 *
 * Hosts A and B, in order of preference, may run one service (with -DTHREE also C); all three vote. Before, the network
 * was parted in any way: each part may have a copy of its own (`peers`), or one host a lease (-DMAJORITY); claims are under
 * way, grants are left of whatever was, and hosts know the states of their own part alone. From now on all messages
 * arrive, in any order. Failback is immediate or never, and the start script may fail on any of them but one.
 *
 * Progress is told as safety, with a bound: time goes in rounds. A round ends once nothing is left to be done in it:
 * every message has arrived, every answer has been acted on, every stop script has ended. Whoever yields claims again in
 * a later round. So a round is the two round trips that a rival waits at most, or the beat after which a grant is asked
 * for again; which of them does not matter here. After ROUNDS of them one host runs it, all know that, and none has
 * started it more often than once. Left out: loss of hosts, which is the next instability; stops that fail; `move`
 * and standby; the damping of failback, which only a host that comes and goes needs. Leases here last as long as they
 * are renewed each round: majority.pml and voters.pml look at how they end.
 *
 * -DPLANT_… puts one fault into the protocol; run knows them.
 */

#define HOSTS 3
#ifdef THREE
#define CANDIDATES 3
#else
#define CANDIDATES 2
#endif
#define NOBODY CANDIDATES
#define ALL 7

#ifndef ROUNDS
#ifdef MAJORITY
#define ROUNDS 5
#else
#define ROUNDS 3
#endif
#endif
#define FORMER_EPOCH (ROUNDS + 2)          /* that some have heard of */
#define HIGHEST_EPOCH (FORMER_EPOCH + 5)   /* nobody gets as far: claims do not outbid each other for ever */
#define MOST_CLAIMS 2       /* of one host in one round */
#define ORPHANED 2          /* rounds for which a grant lives whose claimant is gone */

#define IDLE 0
#define CLAIMS 1
#define RUNS 2
#define STOPS 3
#define BARRED 4            /* its start has failed */

#define NAME(h) ((h) == 0 -> 'A' : ((h) == 1 -> 'B' : 'C'))
#define BIT(h) (1 << (h))

byte state[HOSTS];
byte saw[9];                /* by host and other host, as its record was heard last */
byte got[HOSTS];            /* of a claim, or of this round's renewal: who has granted it, a bit each */
bit waits[HOSTS];           /* it has yielded, and claims again in the next round */
byte claimed[HOSTS];        /* so often in this round */
byte started[HOSTS];
bit fails[HOSTS];           /* its start script */
byte to[HOSTS] = NOBODY;    /* as a voter: whom it has granted it */
byte orphan[HOSTS];         /* rounds until that grant ends though nobody releases it */
#ifdef MAJORITY
byte epoch[HOSTS];
byte highest[HOSTS];        /* as a voter: that it has heard of */
#endif
bit stays;                  /* failback is never */
byte round;
bit one_runs;               /* at the end, and all know it */

byte n;

#define S(h, o) ((h) == (o) -> state[h] : saw[(h) * HOSTS + (o)])
#define OTHER(h, i) (((h) + (i)) % HOSTS)

/* Placement, as h knows things. */
#ifdef THREE
#define FIRST(h, is) (is(h, 0) -> 0 : (is(h, 1) -> 1 : (is(h, 2) -> 2 : NOBODY)))
#else
#define FIRST(h, is) (is(h, 0) -> 0 : (is(h, 1) -> 1 : NOBODY))
#endif
#define IS_ABLE(h, o) (S(h, o) != BARRED)
#define IS_RUNNER(h, o) (S(h, o) == RUNS)
#define BEST(h) FIRST(h, IS_ABLE)
#define RUNNER(h) FIRST(h, IS_RUNNER)
#define PLACE(h) (stays && RUNNER(h) != NOBODY -> RUNNER(h) : BEST(h))

/* As voter v has it. */
#define MAY_RUN(v, o) (S(v, o) == RUNS || S(v, o) == STOPS)
#define SEES_RUN(v, c) (MAY_RUN(v, OTHER(c, 1)) || MAY_RUN(v, OTHER(c, 2)))
#define RIVAL(v, c) ((v) != (c) && state[v] == CLAIMS -> (v) : (to[v] != (c) -> to[v] : NOBODY))
#ifdef MAJORITY
#define OUTBID(v, c) (epoch[c] <= highest[v] && !(epoch[c] == highest[v] && to[v] == (c)))
#define STANDS(v, c) (RIVAL(v, c) != NOBODY && S(c, RIVAL(v, c)) == CLAIMS)
#define ENOUGH(x) ((x) == 3 || (x) == 5 || (x) >= 6)
#else
#define OUTBID(v, c) false
#define STANDS(v, c) (RIVAL(v, c) != NOBODY)
#define ENOUGH(x) ((x) == ALL)
#endif

#ifdef PLANT_NOT_ASKED_AGAIN
byte refused[HOSTS];
#define ASKS(c, v) (state[c] == CLAIMS && (got[c] & BIT(v)) == 0 && (refused[c] & BIT(v)) == 0)
#define IS_REFUSED(c, v) (ASKS(c, v) && !GRANTS(c, v) && !YIELDS(c, v))
#else
#define ASKS(c, v) (state[c] == CLAIMS && (got[c] & BIT(v)) == 0)
#define IS_REFUSED(c, v) false
#endif
#define GRANTS(c, v) (ASKS(c, v) && !SEES_RUN(v, c) && RIVAL(v, c) == NOBODY && !OUTBID(v, c))
#if defined(PLANT_NOBODY_YIELDS)
#define YIELDS(c, v) false
#else
#define YIELDS(c, v) (ASKS(c, v) && !SEES_RUN(v, c) && (STANDS(v, c) && RIVAL(v, c) < (c) || RIVAL(v, c) == NOBODY && OUTBID(v, c)))
#endif

inline drop(c)
{
	state[c] = IDLE;
	got[c] = 0
}

#define MAY_CLAIM(h) (state[h] == IDLE && PLACE(h) == (h) && !waits[h] && (to[h] == NOBODY || to[h] == (h)) && \
	S(h, OTHER(h, 1)) != RUNS && S(h, OTHER(h, 2)) != RUNS)
inline claim(h)
{
	state[h] = CLAIMS;
	got[h] = 0;
#ifdef PLANT_NOT_ASKED_AGAIN
	refused[h] = 0;
#endif
	claimed[h]++;
	assert(claimed[h] <= MOST_CLAIMS);
#ifdef MAJORITY
	epoch[h] = (epoch[h] > highest[h] -> epoch[h] : highest[h]) + 1;
	assert(epoch[h] < HIGHEST_EPOCH);
	printf("%c claims %d\n", NAME(h), epoch[h])
#else
	printf("%c claims\n", NAME(h))
#endif
}

inline grant(c, v)
{
	to[v] = c;
	orphan[v] = 0;
	got[c] = got[c] | BIT(v);
#ifdef MAJORITY
	highest[v] = epoch[c];
#endif
	printf("%c grants it to %c\n", NAME(v), NAME(c))
}

inline yield(c, v)
{
	printf("%c yields, asked %c\n", NAME(c), NAME(v));
#if defined(MAJORITY) && !defined(PLANT_EPOCH_NOT_HEARD)
	epoch[c] = (epoch[c] > highest[v] -> epoch[c] : highest[v]);
#endif
	drop(c);
	waits[c] = 1
}

inline win(c)
{
	started[c]++;
	assert(started[c] <= 1);
	if
#ifdef PLANT_NO_BAR
	:: fails[c] -> state[c] = IDLE; printf("%c cannot start it\n", NAME(c))
#else
	:: fails[c] -> state[c] = BARRED; printf("%c cannot start it\n", NAME(c))
#endif
	:: else -> state[c] = RUNS; printf("%c runs it\n", NAME(c))
	fi
}

#ifdef PLANT_BOTH_GO_ON
#define STOPS_IT(h) false
#else
#define STOPS_IT(h) (PLACE(h) != (h))
#endif

/* A grant is over once its claimant has given up, or ended what it ran; in `peers` also once it is seen to run. */
#ifdef MAJORITY
#define HOLDS(v, c) (state[c] == CLAIMS || state[c] == RUNS || state[c] == STOPS)
#else
#define HOLDS(v, c) (state[c] == CLAIMS && (got[c] & BIT(v)) || state[c] == RUNS && !MAY_RUN(v, c))
#endif
#ifdef PLANT_GRANTS_STAY
#define OVER(v) (to[v] != NOBODY && !HOLDS(v, to[v]) && false)
#else
#define OVER(v) (to[v] != NOBODY && !HOLDS(v, to[v]) && orphan[v] == 0)
#endif

#ifdef MAJORITY
#define RENEWS(c, v) (state[c] == RUNS && (got[c] & BIT(v)) == 0 && \
	(to[v] == (c) && epoch[c] == highest[v] || to[v] == NOBODY && epoch[c] >= highest[v] && !SEES_RUN(v, c)))
#else
#define RENEWS(c, v) false
#endif

inline next_round()
{
	round++;
	n = 0;
	do
	:: n < HOSTS ->
		waits[n] = 0;
		claimed[n] = 0;
#ifndef PLANT_GRANTS_STAY
		orphan[n] = (orphan[n] > 0 -> orphan[n] - 1 : 0);
#endif
#ifdef MAJORITY
		if
		:: state[n] == RUNS && !ENOUGH(got[n]) -> state[n] = STOPS; printf("%c has lost its lease\n", NAME(n))
		:: else
		fi;
		if
		:: state[n] == RUNS || state[n] == STOPS -> got[n] = 0
		:: else
		fi;
#endif
		n++
	:: else -> break
	od;
	n = 0;
	printf("round %d\n", round)
}

#define COPIES ((state[0] == RUNS) + (state[1] == RUNS) + (state[2] == RUNS))
#define SEEN(o) (S(0, o) == state[o] && S(1, o) == state[o] && S(2, o) == state[o])

inline step_of(h)
{
	if
	:: state[h] == RUNS && STOPS_IT(h) -> state[h] = STOPS; printf("%c stops it\n", NAME(h))
	:: state[h] == STOPS -> drop(h); printf("%c has stopped it\n", NAME(h))
	:: MAY_CLAIM(h) -> claim(h)
	:: state[h] == CLAIMS && PLACE(h) != (h) -> drop(h); printf("%c claims it no more\n", NAME(h))
	:: state[h] == CLAIMS && ENOUGH(got[h]) && PLACE(h) == (h) -> win(h)
	:: OVER(h) -> to[h] = NOBODY
	fi
}
#define HAS_STEP(h) (state[h] == RUNS && STOPS_IT(h) || state[h] == STOPS || MAY_CLAIM(h) || \
	state[h] == CLAIMS && (PLACE(h) != (h) || ENOUGH(got[h])) || OVER(h))

/* A claim or renewal, and its answer. */
inline ask(c, v)
{
	if
	:: GRANTS(c, v) || RENEWS(c, v) -> grant(c, v)
	:: YIELDS(c, v) -> yield(c, v)
#ifdef PLANT_NOT_ASKED_AGAIN
	:: IS_REFUSED(c, v) -> refused[c] = refused[c] | BIT(v)
#endif
	fi
}
#define HAS_ASK(c, v) (GRANTS(c, v) || RENEWS(c, v) || YIELDS(c, v) || IS_REFUSED(c, v))
#ifdef PLANT_BAR_NOT_TOLD
#define TOLD(o) (state[o] == BARRED -> IDLE : state[o])
#else
#define TOLD(o) state[o]
#endif
#define HAS_NEWS(h, o) (saw[(h) * HOSTS + (o)] != TOLD(o))
inline hear(h, o)
{
	saw[(h) * HOSTS + (o)] = TOLD(o);
	printf("%c hears of %c\n", NAME(h), NAME(o))
}

/* What was before: who was together with whom, what they ran, claimed and had granted. */
byte part[HOSTS];
inline before()
{
	n = 0;
	do
	:: n < HOSTS ->
		if
		:: part[n] = 0
		:: n > 0 -> part[n] = 1
		:: n > 1 -> part[n] = 2
		fi;
		if
		:: true
		:: n < CANDIDATES -> state[n] = CLAIMS
		:: n < CANDIDATES -> state[n] = RUNS
		fi;
		if
		:: true
		:: n < CANDIDATES -> fails[n] = 1
		fi;
		if
		:: true
		:: to[n] = 0
		:: to[n] = 1
#ifdef THREE
		:: to[n] = 2
#endif
		fi;
		if
		:: to[n] != NOBODY -> orphan[n] = ORPHANED
		:: else
		fi;
#ifdef MAJORITY
		if
		:: true
		:: highest[n] = FORMER_EPOCH; epoch[n] = (n < CANDIDATES -> FORMER_EPOCH : 0)
		fi;
#endif
		n++
	:: else -> break
	od;
	if
	:: stays = 1
	:: true
	fi;
	n = 0;
	do
	:: n < HOSTS * HOSTS ->
		saw[n] = (part[n / HOSTS] == part[n % HOSTS] -> state[n % HOSTS] : IDLE);
		n++
	:: else -> break
	od;
	n = 0;
	part[0] = 0; part[1] = 0; part[2] = 0
}
#ifdef MAJORITY
#define POSSIBLE (COPIES <= 1)
#else
#define POSSIBLE true
#endif

active proctype world()
{
	atomic { before() };
	fails[0] + fails[1] + fails[2] < CANDIDATES && POSSIBLE;
	do
	:: atomic { HAS_STEP(0) -> step_of(0) }
	:: atomic { HAS_STEP(1) -> step_of(1) }
	:: atomic { HAS_STEP(2) -> step_of(2) }
	:: atomic { HAS_ASK(0, 0) -> ask(0, 0) }
	:: atomic { HAS_ASK(0, 1) -> ask(0, 1) }
	:: atomic { HAS_ASK(0, 2) -> ask(0, 2) }
	:: atomic { HAS_ASK(1, 0) -> ask(1, 0) }
	:: atomic { HAS_ASK(1, 1) -> ask(1, 1) }
	:: atomic { HAS_ASK(1, 2) -> ask(1, 2) }
#ifdef THREE
	:: atomic { HAS_ASK(2, 0) -> ask(2, 0) }
	:: atomic { HAS_ASK(2, 1) -> ask(2, 1) }
	:: atomic { HAS_ASK(2, 2) -> ask(2, 2) }
#endif
	:: atomic { HAS_NEWS(0, 1) -> hear(0, 1) }
	:: atomic { HAS_NEWS(0, 2) -> hear(0, 2) }
	:: atomic { HAS_NEWS(1, 0) -> hear(1, 0) }
	:: atomic { HAS_NEWS(1, 2) -> hear(1, 2) }
	:: atomic { HAS_NEWS(2, 0) -> hear(2, 0) }
	:: atomic { HAS_NEWS(2, 1) -> hear(2, 1) }
	:: else -> atomic {
		if
		:: round == ROUNDS ->
			one_runs = (COPIES == 1 && SEEN(0) && SEEN(1) && SEEN(2));
			assert(one_runs);
			break
		:: else -> next_round()
		fi
	}
	od
}
