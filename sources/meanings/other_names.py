"""What exports call what is no column of the contract, and tables; Russian in Latin letters.

Names are compared as those of column_names.py are: by their letters and digits alone.
"""

from collections.abc import Mapping

from sources.meanings.column_names import plain_name

OTHER_NAMES: Mapping[str, tuple[str, ...]] = {
    "email": (
        *("email", "e-mail", "email address", "customer email", "billing email", "client email"),
        *("contact email", "user email", "mail", "электронная почта", "эл. почта", "почта"),
        *("email клиента", "e-mail покупателя", "адрес электронной почты"),
    ),
    "phone": (
        *("phone", "phone number", "billing phone", "customer phone", "mobile", "mobile phone"),
        *("tel", "телефон", "телефон клиента", "номер телефона", "мобильный телефон"),
        "телефон покупателя",
    ),
    "person": (
        *("customer name", "client name", "billing name", "bill-to name", "full name", "buyer"),
        *("customer", "client", "контрагент", "клиент", "покупатель", "заказчик", "фио"),
        *("фио клиента", "имя клиента", "контакт", "компания", "name"),
    ),
    "paid_at": (
        *("paid at", "paid_at", "date_paid", "payment date", "paid on", "payment time"),
        *("дата оплаты", "оплачен", "дата платежа"),
    ),
    "closed_at": (
        *("close date", "closedate", "closed at", "completed at", "date_completed", "fulfilled at"),
        *("дата закрытия", "дата завершения", "дата выполнения", "предполагаемая дата закрытия"),
    ),
    "unit_price": (
        *("unit price", "unit_price", "price", "item price", "lineitem price", "price each"),
        *("sale price", "price per unit", "product price", "cost per item"),
        *("цена", "цена за единицу", "цена за шт", "цена продажи", "цена товара"),
    ),
    "line_total": (
        *("line total", "line amount", "row total", "item total", "amount", "net amount"),
        *("total price", "sales value", "revenue", "position sum", "monthly charges", "mrr"),
        *(
            "total charges",
            "monthly fee",
            "monthly price",
            "monetary",
            "spend",
            "абонентская плата",
        ),
        *("сумма", "сумма строки", "стоимость", "выручка", "сумма с ндс"),
    ),
    "status": (
        *("status", "order status", "state", "financial status", "payment status", "stage"),
        *("stage_id", "stage_semantic_id", "статус", "статус заказа", "состояние", "стадия"),
        *("стадия сделки", "статус оплаты"),
    ),
    "interval": (
        *("interval", "billing period", "billing interval", "billing cycle", "plan interval"),
        *("периодичность", "период оплаты"),
    ),
    "as_of": (
        *("as_of", "as_of_date", "snapshot_date", "snapshot", "observation date", "cutoff_date"),
        *("report_date", "reporting month", "reference date", "month", "period", "date"),
        *("дата среза", "срез", "отчетная дата", "на дату", "месяц", "период"),
    ),
    "days_between": (
        *("days_since_prior_order", "days since last order", "days_since_previous_order"),
        *("дней с прошлого заказа", "дней с предыдущего заказа"),
    ),
}
# Russian letters in Latin ones, and other spellings of these: tsena and cena are one name.
LETTERS = (
    "аa бb вv гg дd еe жzh зz иi йi кk лl мm нn оo пp рr сs тt уu фf хh цc чch шsh щsh ъ ыy ь эe "
    "юu яa"
)
LATIN = str.maketrans({letters[0]: letters[1:] for letters in LETTERS.split()})
SPELLINGS = (("shch", "sh"), ("kh", "h"), ("ts", "c"), ("yu", "u"), ("ya", "a"), ("j", "i"))


def in_latin(name: str) -> str:
    """A plain name in Latin letters, Russian ones written out: `дата заказа` is "datazakaza"."""
    latin = plain_name(name).translate(LATIN)
    for spelling, one in SPELLINGS:
        latin = latin.replace(spelling, one)
    return latin.replace("y", "i")


# What files and sheets are called that hold a table of the contract.
TABLE_NAMES: Mapping[str, tuple[str, ...]] = {
    "orders": (
        *("orders", "order", "sales", "transactions", "purchases", "invoices", "receipts"),
        *("payments", "charges", "deals", "baskets", "order items", "order lines"),
        *("заказы", "продажи", "чеки", "реализация", "покупки", "сделки", "оплаты", "платежи"),
    ),
    "subscriptions": (
        *("subscriptions", "contracts", "policies", "memberships"),
        *("подписки", "договоры", "контракты", "абонементы"),
    ),
    "customers": (
        *("customers", "clients", "users", "buyers", "members", "accounts"),
        *("клиенты", "покупатели", "контрагенты", "пользователи"),
    ),
    "events": ("events", "visits", "sessions", "activity", "clicks", "события", "визиты"),
    "tickets": ("tickets", "cases", "incidents", "support", "обращения", "заявки", "жалобы"),
    "surveys": ("surveys", "nps", "feedback", "reviews", "опросы", "оценки", "отзывы"),
    "contacts": ("contacts", "campaigns", "mailings", "calls", "контакты", "рассылки", "звонки"),
    "consents": ("consents", "permissions", "согласия"),
}
