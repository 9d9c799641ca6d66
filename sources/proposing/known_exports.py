"""The exports that are known by their columns: one description each."""

from sources.proposing.export import Derived, Export

PERIODS = (
    "CASE WHEN lower({%s}) LIKE 'year%%' OR lower({%s}) LIKE 'annual%%' THEN 365 "
    "WHEN lower({%s}) LIKE 'week%%' THEN 7 WHEN lower({%s}) LIKE 'day%%' THEN 1 "
    "WHEN lower({%s}) LIKE 'quarter%%' THEN 91 ELSE 30 END"
)


EXPORTS: tuple[Export, ...] = (
    Export(
        "Shopify: orders",
        "orders",
        ("Name", "Financial Status", "Lineitem quantity", "Lineitem name", "Lineitem price"),
        {
            "customer_id": ("Customer ID", "Email", "Phone"),
            "order_id": ("Name",),
            "event_time": ("Created at",),
            "product": ("Lineitem sku", "Lineitem name"),
            "quantity": ("Lineitem quantity",),
            "currency": ("Currency",),
            "store": ("Location",),
        },
        (
            Derived(
                "amount",
                "{Lineitem quantity} * {Lineitem price}",
                "Subtotal and Total stand on the first line of an order only; quantity times price "
                "is the money of each line, before discounts of the order, shipping and tax",
            ),
        ),
        said=("a partial refund (Refunded Amount) of an order that stays is not taken off",),
    ),
    Export(
        "WooCommerce: orders",
        "orders",
        ("order_id", "status", "billing_email", "order_total"),
        {
            "customer_id": ("customer_id", "customer_user", "billing_email"),
            "order_id": ("order_id", "order_number"),
            "event_time": ("order_date", "date_created", "paid_date"),
            "amount": ("order_total",),
            "currency": ("order_currency", "currency"),
            "discount": ("discount_total", "cart_discount"),
        },
    ),
    Export(
        "Stripe: subscriptions",
        "subscriptions",
        ("id", "Customer ID", "Plan", "Interval", "Status", "Created (UTC)"),
        {
            "customer_id": ("Customer ID",),
            "subscription_id": ("id",),
            "started_at": ("Start (UTC)", "Start Date (UTC)", "Created (UTC)"),
            "ended_at": ("Ended At (UTC)", "Canceled At (UTC)"),
            "subscription_plan": ("Plan", "Product"),
            "amount": ("Amount",),
            "currency": ("Currency",),
        },
        (
            Derived(
                "amount", "{Amount} * {Quantity}", "Amount is the price of one of the Quantity"
            ),
            Derived(
                "period_days",
                PERIODS % (("Interval",) * 5),
                "Interval says how often the subscription is paid",
            ),
        ),
        keeps=(
            (
                "coalesce({Status}, '') NOT IN ('incomplete', 'incomplete_expired')",
                "a subscription whose first payment never came has not begun",
            ),
        ),
        timezone="UTC",
    ),
    Export(
        "Stripe: payments",
        "orders",
        ("id", "Amount", "Currency", "Status", "Amount Refunded"),
        {
            "customer_id": ("Customer ID", "Customer Email"),
            "order_id": ("id",),
            "event_time": ("Created date (UTC)", "Created (UTC)", "Created"),
            "amount": ("Amount",),
            "currency": ("Currency",),
        },
        (
            Derived(
                "amount",
                "{Amount} - coalesce({Amount Refunded}, 0)",
                "Amount Refunded went back to the customer",
            ),
        ),
        timezone="UTC",
    ),
    Export(
        "Google Analytics 4: events from BigQuery",
        "orders",
        ("event_name", "event_date", "user_pseudo_id"),
        {
            "customer_id": ("user_pseudo_id",),
            "order_id": ("ecommerce.transaction_id", "transaction_id"),
            "event_time": ("event_date",),
            "amount": ("ecommerce.purchase_revenue", "purchase_revenue"),
            "currency": ("currency",),
        },
        keeps=(
            (
                "{event_name} IN ('purchase', 'in_app_purchase')",
                "the other events are visits and clicks, and no purchases",
            ),
        ),
        timezone="UTC",  # event_date is a day already, of the property's own time zone
        said=("user_pseudo_id is a device: who buys on two of them counts as two customers",),
    ),
    Export(
        "Magento: orders",
        "orders",
        ("Purchase Date", "Bill-to Name", "Grand Total (Base)", "Status"),
        {
            "customer_id": ("Customer Email", "Customer Name", "Bill-to Name"),
            "order_id": ("ID", "Order #"),
            "event_time": ("Purchase Date",),
            "amount": ("Grand Total (Base)",),
            "store": ("Purchase Point",),
        },
        (
            Derived(
                "amount",
                "{Grand Total (Base)} - coalesce({Total Refunded}, 0)",
                "the total in the base currency, less Total Refunded",
            ),
        ),
    ),
    Export(
        "Magento: table sales_order",
        "orders",
        ("entity_id", "increment_id", "customer_email", "grand_total", "created_at"),
        {
            "customer_id": ("customer_email", "customer_id"),
            "order_id": ("increment_id",),
            "event_time": ("created_at",),
            "amount": ("base_grand_total", "grand_total"),
            "currency": ("base_currency_code", "order_currency_code"),
            "discount": ("discount_amount",),
            "store": ("store_name", "store_id"),
        },
        timezone="UTC",
    ),
    Export(
        "1C: sales by document",
        "orders",
        ("Контрагент", "Номенклатура", "Количество", "Сумма"),
        {
            "customer_id": ("Код контрагента", "Контрагент"),
            "order_id": ("Номер документа", "Номер", "Документ", "Регистратор"),
            "event_time": ("Дата", "Дата документа", "Период"),
            "product": ("Артикул", "Код номенклатуры", "Номенклатура"),
            "quantity": ("Количество",),
            "amount": ("Сумма", "Сумма с НДС", "Стоимость"),
            "category": ("Номенклатурная группа", "Вид номенклатуры", "Группа"),
            "store": ("Склад", "Подразделение", "Магазин"),
            "currency": ("Валюта",),
        },
    ),
    Export(
        "Bitrix24: deals (REST)",
        "orders",
        ("ID", "STAGE_ID", "OPPORTUNITY", "DATE_CREATE"),
        {
            "customer_id": ("CONTACT_ID", "COMPANY_ID"),
            "order_id": ("ID",),
            "event_time": ("CLOSEDATE", "DATE_CREATE"),
            "amount": ("OPPORTUNITY",),
            "currency": ("CURRENCY_ID",),
        },
        keeps=(
            ("{STAGE_SEMANTIC_ID} = 'S'", "only deals that were won (S) are purchases"),
            (
                "{STAGE_ID} = 'WON' OR {STAGE_ID} LIKE '%:WON'",
                "only deals in a stage WON are purchases",
            ),
        ),
    ),
    Export(
        "Bitrix24: deals",
        "orders",
        ("ID", "Стадия сделки", "Сумма", "Контакт"),
        {
            "customer_id": ("Контакт: ID", "ID контакта", "Контакт", "Компания"),
            "order_id": ("ID",),
            "event_time": ("Дата закрытия", "Дата завершения", "Дата создания"),
            "amount": ("Сумма",),
            "currency": ("Валюта",),
        },
        keeps=(
            (
                "{Стадия сделки} IN ('Сделка успешна', 'Сделка заключена', 'Успешно реализовано', "
                "'Выиграна')",
                "only deals that were won are purchases",
            ),
        ),
    ),
    Export(
        "amoCRM: deals",
        "orders",
        ("ID", "Название сделки", "Этап сделки", "Бюджет"),
        {
            "customer_id": ("Основной контакт", "Контакт", "Компания"),
            "order_id": ("ID",),
            "event_time": ("Дата закрытия", "Дата создания сделки", "Дата создания"),
            "amount": ("Бюджет",),
        },
        keeps=(
            (
                "lower({Этап сделки}) = 'успешно реализовано'",
                "only deals that were won are purchases",
            ),
        ),
    ),
    Export(
        "RetailCRM: orders (API)",
        "orders",
        ("number", "createdAt", "status", "totalSumm"),
        {
            "customer_id": ("customer.id", "customer_id", "customerId", "phone", "email"),
            "order_id": ("number", "id"),
            "event_time": ("createdAt",),
            "amount": ("totalSumm", "summ"),
            "currency": ("currency",),
            "store": ("shipmentStore", "site"),
        },
    ),
    Export(
        "RetailCRM: orders",
        "orders",
        ("Номер заказа", "Дата оформления", "Статус", "Сумма заказа"),
        {
            "customer_id": ("ID клиента", "Телефон", "E-mail", "Клиент", "Покупатель"),
            "order_id": ("Номер заказа",),
            "event_time": ("Дата оформления",),
            "amount": ("Сумма заказа",),
            "currency": ("Валюта",),
            "store": ("Магазин", "Склад отгрузки"),
        },
    ),
    Export(
        "Online Retail (UCI)",
        "orders",
        ("InvoiceNo", "StockCode", "Quantity", "InvoiceDate", "UnitPrice", "CustomerID"),
        {
            "customer_id": ("CustomerID",),
            "order_id": ("InvoiceNo",),
            "event_time": ("InvoiceDate",),
            "product": ("StockCode",),
            "quantity": ("Quantity",),
        },
        (
            Derived(
                "amount",
                "{Quantity} * {UnitPrice}",
                "the money of a line; returns have a negative Quantity",
            ),
        ),
    ),
    Export(
        "Instacart: orders",
        "orders",
        ("order_id", "user_id", "order_number", "order_dow", "days_since_prior_order"),
        {},
        lacks="It has no date: days_since_prior_order tells the days between the orders of one "
        "customer, and nothing says on which day any of them was. Bring the date of each order "
        "(or of each customer's first one) as a column",
    ),
)
