"""Makes docs/css/math.woff: the glyphs of a mathematical font that the formulas of the site need.

    python docs/scripts/math_font.py /usr/share/fonts/truetype/dejavu/DejaVuMathTeXGyre.ttf

Formulas are MathML. Browsers place its parts by the MATH table of a font, which not every system
has. The source is DejaVu Math TeX Gyre (Debian: ``fonts-dejavu-extra``).
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

ROOT = Path(__file__).resolve().parents[2]
OUT = ROOT / 'docs/css/math.woff'
LETTERS = 'abcdefghijklmnopqrstuvwxyz'
GREEK = 'αβγδεθκλμνπρστφχψωΓΔΘΛΠΣΦΨΩ'
OPERATORS = "+−-=<>≤≥±×·⋅/∣|‖∥()[]{}.,:;!'′∑∏∫√∂∞∈⊤^˙ˆ‾¯→ⅈ⟨⟩ "
# Mathematical italic letters, which MathML shows for identifiers of one letter; h lies elsewhere.
ITALIC = [*range(0x1D434, 0x1D468), 0x210E, *range(0x1D6E2, 0x1D71C)]


def main() -> None:
    """Write the font."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('font', type=Path)
    args = parser.parse_args()
    font = TTFont(args.font)
    options = subset.Options(flavor='woff', layout_features=[], name_IDs=['*'], hinting=False)
    subsetter = subset.Subsetter(options)
    text = LETTERS + LETTERS.upper() + '0123456789' + GREEK + OPERATORS
    subsetter.populate(unicodes=[*map(ord, text), *ITALIC])
    subsetter.subset(font)
    # A font that was changed has a name of its own.
    for record in font['name'].names:
        if record.nameID in (1, 3, 4, 6, 16):
            record.string = 'SiteMath'
    font.flavor = 'woff'
    font.save(OUT)
    print(f'{OUT} ({OUT.stat().st_size / 1000:.0f} kB)')


if __name__ == '__main__':
    main()
