"""Cross-view association: proposals from pairs of detections, confirmed by the other views.

Nothing is learned. Two detections of different views whose rays meet joint by joint put a
person into the scene; each view then says which of its detections passes closest to that
person. The person whom the views confirm best is taken, its detections are removed, and so on
(greedy assignment):
hypothesise and verify, as in RANSAC, for all pairs of a sample at once. Costs grow with the square
of the number of detections in all views, never with the size of the scene; memory does not.
"""

from __future__ import annotations

import dataclasses
import itertools
from typing import Sequence

import torch
from torch import Tensor

from mmpose_ours.errors import InputError
from mmpose_ours.models.association.rays import NOTHING, Rays

# Rays of one joint that pass each other at more than this count as this far apart.
GAP_LIMIT_MM = 300.0
# Two detections can be compared with this many joints in common; a third one with the body
# that they make with one fewer, since that has only joints that both of them found.
MIN_COMMON_JOINTS, MIN_BODY_JOINTS = 4, 3
# Sines of angles between rays below this say nothing about depth.
MIN_SINE = 0.02
FAR = 1e6
# Joints of pairs that are compared at once: bounds memory to some ten times 32 MB.
MAX_COMPARED = 1 << 23


@dataclasses.dataclass(frozen=True)
class Proposer:
    """Proposes people from rays.

    Args:
        max_people: The most proposals per frame.
        max_gap_mm: Mean distance of two detections' rays up to which they may be one person.
        sigma_mm: Distance from a person at which a ray's agreement has fallen to 0.6.
        min_agreement: Detections that agree less (0 to 1) are not that person's.
        max_pairs: Pairs of detections that are tried, at least one for each detection; each
            one's best partner comes first.
    """

    max_people: int = 10
    max_gap_mm: float = 150.0
    sigma_mm: float = 100.0
    min_agreement: float = 0.3
    max_pairs: int = 256

    @torch.no_grad()
    def __call__(self, rays: Rays) -> Tensor:
        """Group the detections of B samples.

        Args:
            rays: Origins (B, V, 3), directions (B, V, P, J, 3), weights (B, V, P, J).

        Returns:
            (B, G, V) which detection of each view is the person, -1 where none is; nobody at all
            where fewer than two views agree. G is at most ``max_people``.

        Raises:
            InputError: There is only one view.
        """
        views, _, joints = rays.weights.shape[1:]
        if views < 2:
            raise InputError(
                'people are proposed where rays of two cameras meet, but the rig has one camera',
                code='no-data',
                found=views,
                expected=2,
            )
        first = self.by_pairs(rays)[0]
        # The pair's guess is rough in depth: ask all views again about the body of its group.
        mine = rays_of_people(rays, first)
        bodies = mine.meet(mine.weights.new_zeros(*first.shape[:2], joints, 3), 1e-4)
        seen = (mine.weights > 0).sum(2) >= 2
        return self.best_views(self.agreement(Flat.of(rays), bodies, seen))

    @torch.no_grad()
    def by_pairs(self, rays: Rays) -> tuple[Tensor, Tensor, Tensor]:
        """Groups around the best pairs.

        Returns:
            ``groups`` (B, G, V), as :meth:`__call__` returns them; ``bodies`` (B, G, J, 3) of the
            pairs, rough in depth; and ``seen`` (B, G, J), which joints these have.
        """
        views, people, joints = rays.weights.shape[1:]
        together = max(1, MAX_COMPARED // max(1, joints * (views * people) ** 2))
        if len(rays.weights) > together:
            parts = [self.by_pairs(part) for part in rays.split(together)]
            return (
                _stacked([groups for groups, _, _ in parts], -1),
                _stacked([bodies for _, bodies, _ in parts], 0),
                _stacked([seen for _, _, seen in parts], False),
            )
        flat = Flat.of(rays)
        bodies, seen = self._bodies_of_pairs(flat, views, people)
        groups, winner = self._assign(self.agreement(flat, bodies, seen), rays)
        sample = torch.arange(len(groups), device=groups.device)[:, None]
        return groups, bodies[sample, winner], seen[sample, winner]

    def best_views(self, agreement: Tensor, least: int = 2) -> Tensor:
        """Each view's detection that is each body's and nobody else's more.

        Args:
            agreement: (B, H, V, P).
            least: How many views a body needs.

        Returns:
            (B, H, V), -1 where none agrees enough.
        """
        rival = agreement.amax(1, keepdim=True)
        best, which = torch.where(agreement < rival, 0.0, agreement).max(-1)
        good = best > self.min_agreement
        good &= good.sum(-1, keepdim=True) >= least
        return torch.where(good, which, -1)

    def _bodies_of_pairs(self, flat: Flat, views: int, people: int) -> tuple[Tensor, Tensor]:
        """Midpoints between the rays of likely pairs: (B, H, J, 3) and which exist (B, H, J)."""
        count = views * people
        at_once = max(1, MAX_COMPARED // max(1, flat.found.numel()))
        parts = [
            self._likely_pairs(flat, views, slice(start, start + at_once))
            for start in range(0, count, at_once)
        ]
        pairs = parts[0]
        if len(parts) > 1:
            tried = max(self.max_pairs, count)
            order, one, two, along, back = (torch.cat(part, -1) for part in zip(*parts))
            order, best = order.topk(min(tried, order.shape[1]), largest=False)
            each = best[:, None].expand(-1, along.shape[1], -1)
            pairs = (
                order, one.gather(1, best), two.gather(1, best),
                along.gather(2, each), back.gather(2, each),
            )  # fmt: skip
        order, one, two, along, back = pairs
        sample = torch.arange(len(order), device=order.device)[:, None]

        def half(mine: Tensor, depth: Tensor) -> Tensor:
            origin, direction = flat.origins[sample, mine], flat.directions[sample, :, mine]
            return origin[:, :, None] + depth.transpose(1, 2)[..., None] * direction

        exist = flat.found[sample, :, one] & flat.found[sample, :, two] & (order < FAR)[..., None]
        exist &= ((along > 0) & (back > 0)).transpose(1, 2)
        return 0.5 * (half(one, along) + half(two, back)), exist

    def _likely_pairs(self, flat: Flat, views: int, rows: slice) -> tuple[Tensor, ...]:
        """Pairs of some detections and their best partners, those to try first.

        Args:
            flat: The D detections.
            views: V.
            rows: Which of them are the first of a pair.

        Returns:
            ``order`` (B, H), the lowest first; the two detections (B, H) each; and
            (B, J, H) the distance in mm along the first's ray, and along the second's.
        """
        along, back, gap = flat.meet_in_pairs(rows)
        batch, _, count, total = gap.shape
        common = (flat.found[:, :, rows, None] & flat.found[..., None, :]).sum(1)
        mean_gap = gap.sum(1) / common.clamp_min(1)
        view = torch.arange(total, device=gap.device) // flat.people
        possible = (common >= MIN_COMMON_JOINTS) & (view[rows, None] != view)
        mean_gap = torch.where(possible, mean_gap, mean_gap.new_full((), FAR))
        # Each detection's partner in every view; of these the nearest comes first, then the
        # second: nobody is crowded out by people with more detections.
        partner_gap, partner = mean_gap.view(batch, count, views, flat.people).min(-1)
        partner = partner + torch.arange(views, device=gap.device) * flat.people
        rank = partner_gap.argsort(-1).argsort(-1)
        order = torch.where(partner_gap < self.max_gap_mm, rank * GAP_LIMIT_MM + partner_gap, FAR)
        tried = max(self.max_pairs, total)
        order = order.flatten(1)
        pair = torch.arange(count * views, device=gap.device).expand(batch, -1)
        if tried < count * views:
            order, pair = order.topk(tried, largest=False)
        one, two = pair // views, partner.flatten(1).gather(1, pair)
        place = (one * total + two)[:, None].expand(-1, along.shape[1], -1)
        along, back = (part.flatten(2).gather(2, place) for part in (along, back))
        return order, one + rows.start, two, along, back

    def agreement(
        self, flat: Flat, bodies: Tensor, seen: Tensor, spread_mm: Tensor | None = None
    ) -> Tensor:
        """How well each view's detections agree with each body.

        Args:
            flat: The detections of B samples.
            bodies: (B, H, J, 3).
            seen: (B, H, J) which joints of a body are known.
            spread_mm: (B, H, J) how badly they are known; None is exactly.

        Returns:
            (B, H, V, P), 0 to 1.
        """
        at_once = max(1, MAX_COMPARED // max(1, flat.found.numel()))
        if bodies.shape[1] > at_once:
            parts = zip(
                bodies.split(at_once, 1),
                seen.split(at_once, 1),
                itertools.repeat(None) if spread_mm is None else spread_mm.split(at_once, 1),
            )
            return torch.cat([self.agreement(flat, *part) for part in parts], 1)
        variance: Tensor | float = self.sigma_mm**2
        if spread_mm is not None:
            variance = variance + spread_mm.square().transpose(1, 2)[..., None]
        common = seen.transpose(1, 2)[..., None] & flat.found[:, :, None]
        exponent = (flat.distance2(bodies) * (0.5 / variance)).clamp_max_(NOTHING)
        closeness = torch.exp(-exponent) * common
        count = common.sum(1)
        # One more than the joints in common: few joints convince less.
        agreement = closeness.sum(1) / (count + 1)
        agreement = torch.where(count >= MIN_BODY_JOINTS, agreement, torch.zeros_like(agreement))
        views = agreement.shape[-1] // flat.people
        return agreement.view(*agreement.shape[:2], views, flat.people)

    def _assign(self, agreement: Tensor, rays: Rays) -> tuple[Tensor, Tensor]:
        """Greedy assignment: take the best confirmed pose, remove its detections, repeat.

        Returns:
            (B, G, V) detections, and (B, G) whose body it was.
        """
        # One place more than there are detections, for views that show nobody.
        free = torch.nn.functional.pad((rays.weights > 0).any(-1).float(), (0, 1))
        nobody = free.shape[-1] - 1
        sample = torch.arange(len(agreement), device=agreement.device)
        taken, bodies = [], []
        for _ in range(self.max_people):
            best, which = (agreement * free[:, None, :, :nobody]).max(-1)
            good = best > self.min_agreement
            support = (best * good).sum(-1) * (good.sum(-1) >= 2)
            most, winner = support.max(1)
            mine = good[sample, winner] & (most > 0)[:, None]
            assigned = torch.where(mine, which[sample, winner], nobody)
            free.scatter_(2, assigned[..., None], 0.0)
            taken.append(torch.where(mine, assigned, -1))
            bodies.append(winner)
            if not mine.any():
                break
        return torch.stack(taken, 1), torch.stack(bodies, 1)


@dataclasses.dataclass(frozen=True)
class Flat:
    """The detections of all views in one row of D = V * P; joints come first.

    ``origins`` (B, D, 3), ``directions`` (B, J, D, 3), ``found`` (B, J, D), ``people`` P.
    """

    origins: Tensor
    directions: Tensor
    found: Tensor
    people: int

    @classmethod
    def of(cls, rays: Rays) -> Flat:
        """The detections of directions (B, V, P, J, 3), whichever view they are in."""
        people = rays.weights.shape[2]
        return cls(
            rays.origins.repeat_interleave(people, 1),
            rays.directions.flatten(1, 2).transpose(1, 2).contiguous(),
            (rays.weights > 0).flatten(1, 2).transpose(1, 2).contiguous(),
            people,
        )

    def meet_in_pairs(self, rows: slice = slice(None)) -> tuple[Tensor, Tensor, Tensor]:
        """Where the rays of the same joint of two detections come closest.

        Args:
            rows: Which detections are the first of the two; R of them.

        Returns:
            ``along`` (B, J, R, D), the distance in mm from the first's camera along its ray,
            negative behind it; ``back`` (B, J, R, D), the same of the second's; and ``gap``
            (B, J, R, D), the distance between the rays at most ``GAP_LIMIT_MM``; 0 where one of
            them has no such joint.
        """
        a, o = self.directions, self.origins[:, None]
        mine, here = a[:, :, rows], o[:, :, rows]
        moment = torch.linalg.cross(o.expand_as(a), a)
        # The reciprocal product of two lines is their distance times the sine between them.
        product = mine @ moment.transpose(-1, -2)
        product = product + (a @ moment[:, :, rows].transpose(-1, -2)).transpose(-1, -2)
        cosine = mine @ a.transpose(-1, -2)
        sine2 = (1 - cosine * cosine).clamp_min(MIN_SINE**2)
        # How far along my ray the other camera is, and along the other's mine.
        ahead = mine @ o.transpose(-1, -2) - (here * mine).sum(-1, keepdim=True)
        behind = a @ here.transpose(-1, -2) - (o * a).sum(-1, keepdim=True)
        behind = behind.transpose(-1, -2)
        along, back = (ahead + cosine * behind) / sine2, (behind + cosine * ahead) / sine2
        both = self.found[:, :, rows, None] & self.found[..., None, :]
        gap = (product.abs() * sine2.rsqrt()).clamp_max(GAP_LIMIT_MM)
        gap = torch.where((along > 0) & (back > 0), gap, GAP_LIMIT_MM)
        return along, back, gap * both

    def distance2(self, bodies: Tensor) -> Tensor:
        """Squared distance of joints from rays; behind a camera, very far.

        Args:
            bodies: (B, H, J, 3).

        Returns:
            (B, J, H, D) mm^2.
        """
        x, o = bodies.transpose(1, 2), self.origins[:, None]
        along = x @ self.directions.transpose(-1, -2) - (o * self.directions).sum(-1)[:, :, None]
        views = o[:, :, :: self.people]
        from_camera2 = (x[..., None, :] - views[:, :, None]).square().sum(-1)
        distance2 = from_camera2.repeat_interleave(self.people, -1) - along * along
        return torch.where(along > 0, distance2.clamp_min(0), FAR**2)


def _stacked(parts: Sequence[Tensor], blank: float) -> Tensor:
    """Parts (b, G, ...) of a batch one after another, those with fewer groups filled up."""
    most = max(part.shape[1] for part in parts)
    rows = [part.new_full((len(part), most, *part.shape[2:]), blank) for part in parts]
    for row, part in zip(rows, parts):
        row[:, : part.shape[1]] = part
    return torch.cat(rows)


def rays_of_people(rays: Rays, detections: Tensor, sample: Tensor | None = None) -> Rays:
    """The rays of each person.

    Args:
        rays: Origins (B, V, 3), directions (B, V, P, J, 3), weights (B, V, P, J).
        detections: (B, G, V), -1 where a view does not show the person; or (N, V) with
        sample: (N,) which sample each person is in.

    Returns:
        Origins (..., V, 3), directions (..., V, J, 3), weights (..., V, J).
    """
    if sample is None:
        sample = torch.arange(len(detections), device=detections.device)[:, None]
        sample = sample.expand(detections.shape[:2])
    view = torch.arange(detections.shape[-1], device=detections.device)
    index = detections.clamp_min(0)
    mine = sample[..., None], view, index
    weights = rays.weights[mine] * (detections >= 0)[..., None]
    return Rays(rays.origins[sample], rays.directions[mine], weights)
