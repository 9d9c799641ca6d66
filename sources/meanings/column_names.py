"""What exports call the columns of the contract, in English and Russian: stated here, once.

    orders.event_time    order_date, InvoiceDate, Created at, Дата заказа
    orders.customer_id   customer_id, user_id, Код контрагента, billing_email

Names are compared by their letters and digits alone, so that `Created at`, `created_at` and
`CreatedAt` are one. The first names of a column are the likeliest. The words come from the exports
of Shopify, WooCommerce, Magento, Stripe, 1C, Bitrix24, RetailCRM, Olist, Online Retail and
Instacart, and from what tables are called by hand.
"""

import re
from collections.abc import Iterable, Mapping

CUSTOMER = (
    *("customer_id", "customer_unique_id", "client_id", "user_id", "buyer_id", "member_id"),
    *("account_id", "contact_id", "shopper_id", "household_id", "household_key", "card_id", "card"),
    *("account", "account_no", "account number", "member", "subscriber", "абонент", "лицевой счет"),
    *("customer number", "customer_no", "customer code", "client code", "client number", "cust_id"),
    *("loyalty card", "card number", "loyalty_id", "patient_id", "subscriber_id", "person_id"),
    *("код клиента", "код контрагента", "код покупателя", "id клиента", "id покупателя"),
    *("id пользователя", "id контрагента", "номер клиента", "клиент id", "контрагент код"),
    *("номер карты", "карта лояльности", "дисконтная карта", "карта", "инн", "инн контрагента"),
    *("customer_email", "billing_email", "email", "e-mail", "email address", "customer e-mail"),
    *("client email", "contact email", "эл. почта", "электронная почта", "почта", "email клиента"),
    *("phone", "billing_phone", "customer phone", "phone number", "mobile", "телефон"),
    *("телефон клиента", "номер телефона", "мобильный телефон"),
    *("контрагент", "клиент", "покупатель", "заказчик", "партнер", "пользователь", "фио"),
    *("фио клиента", "customer", "client", "buyer", "user", "customer name", "client name"),
    *("billing_name", "billing name", "bill-to name", "контакт", "компания"),
)
AMOUNT = (
    *("amount", "net_amount", "line_total", "line_amount", "order_total", "grand_total"),
    *("grand total (base)", "grand total (purchased)", "total", "subtotal", "total_price"),
    *(
        "total amount",
        "order_amount",
        "payment_sum",
        "order value",
        "payment_value",
        "sales_value",
        "revenue",
    ),
    *("amount paid", "paid amount", "sum", "total paid", "total_spent", "net sales", "sales"),
    *("row total", "row_total", "lineitem price", "line item price", "net total", "value"),
    *("transaction amount", "gross sales", "purchase_amount", "converted amount", "spend"),
    *("сумма", "сумма заказа", "сумма документа", "сумма продажи", "стоимость", "итоговая сумма"),
    *("сумма оплаты", "оплачено", "выручка", "сумма со скидкой", "сумма с ндс", "стоимость заказа"),
    *("всего", "итого", "сумма чека", "сумма сделки", "opportunity", "бюджет", "price", "цена"),
)
CURRENCY = ("currency", "currency_code", "order currency", "валюта", "валюта документа")
PRODUCT = (
    *("product_id", "sku", "lineitem sku", "stock_code", "item_id", "product", "product_code"),
    *("item_code", "article", "variant_id", "upc", "ean", "barcode", "lineitem name", "item"),
    *("product_name", "item name", "description", "product title", "goods"),
    *("артикул", "код товара", "код номенклатуры", "номенклатура", "товар", "штрихкод"),
    *("наименование товара", "название товара", "id товара", "услуга", "наименование"),
)
KNOWN_AT = (
    *("known_at", "loaded_at", "ingested_at", "synced_at", "booked_at", "exported_at"),
    *("дата загрузки", "дата проводки"),
)
CHANNEL = ("channel", "medium", "канал", "канал связи", "способ связи")
OWNER = (
    *("owner", "manager", "account manager", "responsible", "sales rep", "assigned to"),
    *("assigned_by_id", "ответственный", "менеджер", "ответственный менеджер", "куратор"),
)
COLUMN_NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "orders": {
        "customer_id": CUSTOMER,
        "order_id": (
            *("order_id", "order_number", "order_no", "order", "invoice_no", "invoice_number"),
            *("invoice", "invoice_id", "transaction_id", "basket_id", "receipt_id", "receipt_no"),
            *("receipt number", "increment_id", "name", "check number", "purchase_id", "deal_id"),
            *("document number", "ticket number", "cart_id", "order name", "payment_intent"),
            *("номер заказа", "заказ", "id заказа", "номер", "номер документа", "номер чека"),
            *("чек", "код заказа", "id сделки", "сделка", "накладная", "номер накладной"),
            *("реализация", "регистратор", "id"),
        ),
        "event_time": (
            *("event_time", "order_date", "order_time", "ordered_at", "order_datetime"),
            *("order_purchase_timestamp", "invoice_date", "purchase_date", "purchased_at"),
            *("transaction_date", "transaction_time", "transaction timestamp", "sale_date"),
            *("sold_at", "date_created", "created at", "created_at", "created", "created (utc)"),
            *("created date (utc)", "paid_at", "date_paid", "purchase_time", "payment date"),
            *("order created", "checkout_date", "receipt date", "timestamp", "datetime", "date"),
            *("дата заказа", "дата", "дата и время", "дата продажи", "дата документа"),
            *("дата покупки", "дата создания", "дата оплаты", "дата чека", "период", "день"),
            *("дата реализации", "оформлен", "создан", "date_create", "time", "время", "day"),
        ),
        "line_id": (
            *("line_id", "order_item_id", "line_number", "line_no", "item_number", "row_id"),
            *("add_to_cart_order", "номер строки", "строка", "n строки", "№ строки"),
        ),
        "known_at": KNOWN_AT,
        "amount": AMOUNT,
        "currency": CURRENCY,
        "quantity": (
            *("quantity", "qty", "qty ordered", "lineitem quantity", "units", "item count"),
            *("pieces", "count", "количество", "кол-во", "колво", "штук", "шт"),
        ),
        "product": PRODUCT,
        "category": (
            *("category", "product_category", "product_category_name", "product type", "group"),
            *("department", "aisle", "product_group", "категория", "категория товара"),
            *("группа товаров", "товарная группа", "номенклатурная группа", "вид номенклатуры"),
            *("раздел", "группа"),
        ),
        "discount": (
            *("discount", "discount_amount", "discount amount", "coupon_disc", "retail_disc"),
            *("cart_discount", "скидка", "сумма скидки"),
        ),
        "store": (
            *("store", "store_id", "shop", "shop_id", "location", "branch", "outlet", "site"),
            *("purchase point", "магазин", "торговая точка", "склад", "филиал", "подразделение"),
            *("точка продаж",),
        ),
    },
    "subscriptions": {
        "customer_id": CUSTOMER,
        "subscription_id": (
            *("subscription_id", "subscription", "contract_id", "contract", "contract_number"),
            *("agreement_id", "policy_id", "policy_number", "membership_id", "plan_instance_id"),
            *("contract_no", "subscription number", "subscription_no", "policy_no", "membership"),
            *("подписка", "id подписки", "номер подписки", "номер договора", "договор", "полис"),
            *("id договора", "номер контракта", "контракт", "номер абонемента", "абонемент", "id"),
        ),
        "started_at": (
            *("started_at", "start_date", "start date (utc)", "start", "begin", "begin_date"),
            *("current_period_start", "valid_from", "subscribed_at", "activation_date"),
            *("created (utc)", "created at", "created_at", "created", "from"),
            *("дата начала", "начало", "дата подключения", "действует с", "дата старта"),
            *("дата договора", "дата подписания"),
        ),
        "ended_at": (
            *("ended_at", "ended at (utc)", "end_date", "end", "canceled at (utc)", "canceled_at"),
            *("cancelled_at", "cancellation_date", "churned_at", "valid_to", "expires_at"),
            *("expiry_date", "expiration_date", "termination_date", "to", "until"),
            *("дата окончания", "окончание", "дата отключения", "действует до", "дата отмены"),
            *("дата расторжения", "конец"),
        ),
        "subscription_plan": (
            *("subscription_plan", "plan", "plan_name", "plan name", "tariff", "product", "price"),
            *("price_id", "plan_id", "tier", "тариф", "план", "тарифный план", "пакет"),
        ),
        "amount": (
            *("amount", "plan amount", "monthly_price", "mrr", "monthly_charges", "fee", "price"),
            *("monthly fee", "annual fee", "yearly price"),
            *("recurring_amount", "абонентская плата", "сумма", "стоимость", "цена"),
        ),
        "currency": CURRENCY,
        "period_days": (
            *("period_days", "billing_period_days", "days", "term_days", "interval_days"),
            *("период дней", "срок дней", "дней", "срок"),
        ),
        "known_at": KNOWN_AT,
    },
    "customers": {
        "customer_id": CUSTOMER,
        "created_at": (
            *("created_at", "created (utc)", "created", "registered_at", "registration_date"),
            *("signup_date", "signed up", "joined", "customer since", "date_registered"),
            *("member since", "дата регистрации", "дата создания", "зарегистрирован"),
            *("клиент с",),
        ),
        "owner": OWNER,
        "name": (
            *("name", "full name", "customer name", "display name", "company", "company name"),
            *("фио", "имя", "наименование", "название", "полное имя", "название компании"),
        ),
        "email": ("email", "e-mail", "email address", "электронная почта", "почта"),
        "phone": ("phone", "phone number", "mobile", "телефон", "мобильный", "номер телефона"),
    },
    "contacts": {
        "customer_id": CUSTOMER,
        "contact_id": ("contact_id", "message_id", "send_id", "touch_id", "id контакта", "id"),
        "event_time": (
            *("event_time", "contacted_at", "sent_at", "send_date", "send time", "called_at"),
            *("дата контакта", "дата отправки", "дата звонка", "date", "дата"),
        ),
        "action_id": (
            *("action_id", "action", "campaign", "campaign_id", "offer", "offer_id"),
            *("кампания", "акция", "предложение", "рассылка"),
        ),
        "channel": CHANNEL,
        "arm": ("arm", "group", "test_group", "segment", "treatment", "группа", "тестовая группа"),
        "propensity": ("propensity", "treatment_probability", "вероятность воздействия"),
        "action_propensity": ("action_propensity", "action_probability", "вероятность действия"),
        "contact_propensity": ("contact_propensity", "contact_probability", "вероятность контакта"),
        "persistent_control": (
            *("persistent_control", "global_control", "global_holdout", "universal_holdout"),
            *("постоянный контроль", "постоянная контрольная группа", "глобальный контроль"),
        ),
        "is_exploration": ("is_exploration", "exploration", "случайное действие"),
        "cost": ("cost", "contact_cost", "стоимость контакта", "стоимость"),
        "responded": ("responded", "response", "converted", "conversion", "отклик", "ответил"),
        "responded_at": ("responded_at", "response_date", "converted_at", "дата отклика"),
        "known_at": KNOWN_AT,
    },
    "consents": {
        "customer_id": CUSTOMER,
        "channel": CHANNEL,
        "event_time": (
            *("event_time", "consent_date", "consented_at", "updated_at", "date"),
            *("дата согласия", "дата"),
        ),
        "granted": (
            *("granted", "consent", "opt_in", "opted_in", "subscribed", "accepts_marketing"),
            *("согласие", "подписан"),
        ),
        "purpose": ("purpose", "consent_type", "цель", "вид согласия"),
        "known_at": KNOWN_AT,
    },
    "tickets": {
        "customer_id": CUSTOMER,
        "ticket_id": (
            *("ticket_id", "ticket", "case_id", "case_number", "incident", "request_id"),
            *("number", "номер обращения", "обращение", "заявка", "тикет", "id"),
        ),
        "opened_at": (
            *("opened_at", "created_at", "created", "opened", "open_date", "submitted_at"),
            *("дата обращения", "дата создания", "открыт", "создан"),
        ),
        "closed_at": (
            *("closed_at", "solved_at", "resolved_at", "closed", "close_date"),
            *("дата закрытия", "закрыт", "решен"),
        ),
        "kind": ("kind", "type", "ticket_type", "category", "topic", "тип", "тема", "категория"),
        "priority": ("priority", "severity", "urgency", "приоритет", "важность"),
        "csat": ("csat", "satisfaction", "satisfaction_rating", "оценка", "удовлетворенность"),
        "reopened_at": ("reopened_at", "reopened", "открыт повторно"),
        "known_at": KNOWN_AT,
    },
    "events": {
        "customer_id": CUSTOMER,
        "event_time": (
            *("event_time", "timestamp", "event_timestamp", "event_date", "occurred_at"),
            *("created_at", "date", "время события", "дата события", "дата"),
        ),
        "kind": ("kind", "event", "event_name", "event_type", "action", "событие", "тип события"),
        "channel": CHANNEL,
        "value": ("value", "points", "баллы", "значение"),
        "known_at": KNOWN_AT,
    },
    "surveys": {
        "customer_id": CUSTOMER,
        "event_time": (
            *("event_time", "answered_at", "response_date", "submitted_at", "survey_date", "date"),
            *("дата ответа", "дата опроса", "дата"),
        ),
        "kind": ("kind", "survey", "survey_type", "опрос", "тип опроса"),
        "score": ("score", "nps", "csat", "rating", "review_score", "оценка", "балл"),
        "known_at": KNOWN_AT,
    },
}
# Words that show what a column means where its whole name is none of the above, and those that
# show that it does not, whatever else is in the name.
WORDS_IN_NAMES: Mapping[str, re.Pattern[str]] = {
    "customer_id": re.compile(
        r"customer|client|user|member|buyer|e-?mail|phone|клиент|покупател|контрагент|телефон|почт"
    ),
    "event_time": re.compile(r"date|time|created|(?:\b|_)(?:at|day)$|дата|время|день"),
    "started_at": re.compile(r"start|begin|from|created|начал|подключ"),
    "order_id": re.compile(r"order|invoice|receipt|basket|заказ|чек|накладн|документ"),
    "amount": re.compile(r"amount|total|sum|revenue|price|paid|сумм|стоимост|выручк|цена"),
    "quantity": re.compile(r"qty|quantity|pcs|pieces|units|кол-?во|количеств|\bшт\b"),
}
NOT_IN_NAMES: Mapping[str, re.Pattern[str]] = {
    "customer_id": re.compile(r"note|comment|agent|segment|locale|country|city|комментар|город"),
    "event_time": re.compile(r"days|hour|dow|timezone|update|deliver|estimat|cancel|refund|birth"),
    "order_id": re.compile(r"date|time|total|status|amount|count|дата|сумм|статус"),
    "amount": re.compile(r"refund|tax|count|items|unit|возврат|налог|ндс$"),
    "quantity": re.compile(r"price|amount|total|refund|cost|цена|сумм|возврат"),
}


def plain_name(name: str) -> str:
    """A column's name by its letters and digits alone: `Created at`, `created_at` are one."""
    return re.sub(r"[\W_]+", "", name.lower().replace("ё", "е"))


PRICE = re.compile(r"price|цена")
LABEL = re.compile(
    r"churn[\w ]*|(?:is|has)[ _]?churn\w*|label|target|exited|attrition[\w ]*|left|"
    r"(?:is|has)[ _]?(?:left|lost)|отток|ушел|ушла|ушли|метка|целевая"
)


def label_columns(names: Iterable[str]) -> list[str]:
    """Those of the `names` that say of each row who left: a table made ready for a model."""
    return [name for name in names if LABEL.fullmatch(name.strip().lower().replace("ё", "е"))]


def meant_columns(
    column: str, table: str, names: Iterable[str], by_words: bool = True
) -> list[str]:
    """Those of the `names` that mean a column of the contract, the likeliest first.

    First by the whole name, in the order of COLUMN_NAMES; then, unless told not to, by the words in
    it.
    """
    there = list(names)
    if column == "amount" and meant_columns("quantity", table, there, by_words=False):
        # With pieces beside it, a price is that of one.
        there = [name for name in there if not PRICE.search(name.lower())]
    by_plain: dict[str, list[str]] = {}
    for name in there:
        by_plain.setdefault(plain_name(name), []).append(name)
    known = COLUMN_NAMES.get(table, {}).get(column, ())
    found = [name for way in known for name in by_plain.get(plain_name(way), ())]
    shows, denies = WORDS_IN_NAMES.get(column), NOT_IN_NAMES.get(column)
    found += [
        name
        for name in there
        if by_words
        and shows
        and shows.search(name.lower())
        and not (denies and denies.search(name.lower()))
    ]
    return list(dict.fromkeys(found))
