"""What the made-up retailer sells, and where. Prices in minor units of GBP."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Product:
    """A sku with its title, category and price."""

    sku: str
    title: str
    category: str
    price: int


@dataclass(frozen=True)
class Market:
    """A channel in a region, with its currency, the rate from GBP minor units, VAT in percent and shipping charge."""

    channel: str
    region: str
    country: str
    legal_entity: str
    currency: str
    rate: float
    vat: int
    shipping: int
    store: str = ""


# The channel whose orders and return requests come from the shop itself, by webhook.
SHOP = "shopify-uk"

PRODUCTS = (
    Product("LMP-0412", "Brass desk lamp", "lighting", 6490),
    Product("CHR-1180", "Oak dining chair", "furniture", 18900),
    Product("RUG-2207", "Wool rug 140 × 200", "textiles", 24900),
    Product("MUG-0031", "Stoneware mug", "kitchen", 1290),
    Product("KNF-0590", "Chef's knife 20 cm", "kitchen", 7490),
    Product("PAN-0614", "Cast-iron pan 28 cm", "kitchen", 8990),
    Product("CSH-0308", "Linen cushion", "textiles", 2990),
    Product("BDG-1502", "Percale bed set, double", "textiles", 11900),
    Product("CLK-0077", "Wall clock", "decoration", 4490),
    Product("VAS-0216", "Recycled glass vase", "decoration", 3490),
    Product("TBL-1901", "Folding side table", "furniture", 9900),
    Product("HDP-4410", "Wireless headphones", "electronics", 15900),
    Product("SPK-4402", "Bookshelf speaker", "electronics", 21900),
    Product("BAG-0719", "Canvas weekender", "travel", 8490),
    Product("TWL-0820", "Bath towel, set of 2", "textiles", 3990),
    Product("CND-0105", "Soy candle, cedar", "decoration", 1890),
)

MARKETS = (
    Market(SHOP, "uk", "United Kingdom", "HALDEN-UK", "GBP", 1.0, 20, 495),
    Market("web-eu", "eu", "Germany", "HALDEN-DE", "EUR", 1.18, 19, 590),
    Market("web-us", "us", "United States", "HALDEN-US", "USD", 1.29, 0, 795),
    Market("store-london", "uk", "United Kingdom", "HALDEN-UK", "GBP", 1.0, 20, 0, store="London W1"),
)

# Where money has other exponents (yen none, Kuwaiti dinars three), and a marketplace that moves money by itself. Only a
# storm sells there: the demo stays where its readers live.
FURTHER_MARKETS = (
    Market("web-jp", "jp", "Japan", "HALDEN-JP", "JPY", 1.9, 10, 800),
    Market("web-kw", "kw", "Kuwait", "HALDEN-KW", "KWD", 3.9, 0, 2500),
    Market("market-eu", "eu", "Germany", "HALDEN-DE", "EUR", 1.18, 19, 0),
)

REASONS = ("too_small", "not_as_described", "damaged_in_transit", "changed_mind", "arrived_late", "defective")
